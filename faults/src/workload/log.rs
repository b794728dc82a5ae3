//! A page of the log, while it grows.

use super::Hand;
use crate::connection::Request;
use crate::history::Act;
use crate::world::admin;

impl Hand {
    pub(super) fn read_log(&mut self) {
        let orders = ["/api/v1/logs?limit=20&sortOrder=DESCENDING", "/api/v1/logs?limit=20"];
        let request = admin(Request::get(*self.random.choose(&orders)));
        self.ask(&request, Act::Log, |_, _| {});
    }
}

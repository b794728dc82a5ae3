//! Revocation of a token by the client that has it.

use super::{Hand, TOKENS_KEPT};
use crate::connection::Request;
use crate::history::Act;
use crate::world::oauth_path;

impl Hand {
    pub(super) fn revoke(&mut self) {
        let place = self.random.below(1 << 16);
        let chosen = {
            let mut tokens = self.shared.tokens();
            let there = tokens.live.len();
            (there > 0).then(|| tokens.live.swap_remove(place % there))
        };
        let Some(issued) = chosen else { return };
        let fields = [("token", issued.token.text.as_str())];
        let request =
            Request::form(oauth_path(&issued.server, "revoke"), &fields).by(issued.client.authorization());
        self.ask(&request, Act::Revoke { jti: issued.token.jti.clone() }, |_, _| {});
        let ended = &mut self.shared.tokens().ended;
        if ended.len() >= TOKENS_KEPT {
            ended.remove(0);
        }
        ended.push(issued);
    }
}

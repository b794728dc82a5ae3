//! Introspection of tokens that should stand and of tokens that were ended, by any client of the run.

use super::Hand;
use crate::connection::Request;
use crate::history::Act;
use crate::world::{ASSERTION_TYPE, oauth_path};

impl Hand {
    pub(super) fn introspect(&mut self) {
        let of_ended = self.random.below(3) == 0;
        let place = self.random.below(1 << 16);
        let chosen = {
            let tokens = self.shared.tokens();
            let among = if of_ended { &tokens.ended } else { &tokens.live };
            // What ended last is asked about most: that is where a node could be behind.
            let recent = among.len().min(if of_ended { 20 } else { among.len() });
            (recent > 0).then(|| among[among.len() - 1 - place % recent].clone())
        };
        let Some(issued) = chosen else { return self.token_by_secret() };
        let path = oauth_path(&issued.server, "introspect");
        let token = ("token", issued.token.text.as_str());
        let request = if self.random.below(4) == 0 {
            let jti = format!("assertion-{}", self.fresh().1);
            let assertion = self.shared.world.signer.assertion(&issued.server, "introspect", &jti);
            let Ok(assertion) = assertion else { return };
            Request::form(path, &[token, ASSERTION_TYPE, ("client_assertion", &assertion)])
        } else {
            let asker = self.any_client();
            Request::form(path, &[token]).by(asker.authorization())
        };
        self.ask(&request, Act::Introspect { jti: issued.token.jti.clone() }, |_, _| {});
    }
}

//! Introspection of tokens that should stand and of tokens that were ended, by any client of the run.

use super::Hand;
use crate::history::Act;
use crate::wire::Request;
use crate::world::oauth_path;

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
        let asker = self.any_client();
        let fields = [("token", issued.token.text.as_str()), ("token_type_hint", "access_token")];
        let request =
            Request::form(oauth_path(&issued.server, "introspect"), &fields).by(asker.authorization());
        self.ask(&request, Act::Introspect { jti: issued.token.jti.clone() }, |_, _| {});
    }
}

//! Tokens: by a secret, by a signed assertion, and those that must be refused.

use super::{Hand, Issued, TOKENS_KEPT};
use crate::connection::Request;
use crate::history::Act;
use crate::jwt::Token;
use crate::world::{ASSERTION_TYPE, Client, oauth_path};

const GRANT: (&str, &str) = ("grant_type", "client_credentials");
const READ: (&str, &str) = ("scope", "read");

impl Hand {
    pub(super) fn token_by_secret(&mut self) {
        let (client, server) = (self.any_client(), self.shared.world.mint.clone());
        // Those who were switched off ask on: after a second nobody may listen to them.
        let client = match self.dead.last() {
            Some(dead) if self.random.below(5) == 0 => dead.clone(),
            _ => client,
        };
        self.token_of(&client, &server);
    }

    pub(super) fn token_of_rotating(&mut self) {
        let (client, server) = (self.any_client(), self.shared.world.rotating.clone());
        self.token_of(&client, &server);
    }

    /// Asks for a token, shows it to every resource server and keeps it for later.
    pub(super) fn token_of(&mut self, client: &Client, server: &str) {
        let request = Request::form(oauth_path(server, "token"), &[GRANT, READ]).by(client.authorization());
        let act = self.token_act(&client.id, server, None, None);
        self.token(&request, act, client, server);
    }

    pub(super) fn token_by_key(&mut self) {
        let world = std::sync::Arc::clone(&self.shared.world);
        let (_, name) = self.fresh();
        let jti = format!("assertion-{name}");
        let Ok(assertion) = world.signer.assertion(&world.mint, "token", &jti) else { return };
        let fields = [GRANT, READ, ASSERTION_TYPE, ("client_assertion", &assertion)];
        let request = Request::form(oauth_path(&world.mint, "token"), &fields);
        // Presented once more, perhaps to another node, it must be refused: the checker counts.
        let times = 1 + usize::from(self.random.below(4) == 0);
        for _ in 0..times {
            let act = self.token_act(&world.signer.id, &world.mint, Some(jti.clone()), None);
            let nobody = Client { id: world.signer.id.clone(), secret: String::new() };
            self.token(&request, act, &nobody, &world.mint);
        }
    }

    pub(super) fn wrong_token(&mut self) {
        let (client, server) = (self.any_client(), self.shared.world.mint.clone());
        let path = oauth_path(&server, "token");
        let (request, why) = match self.random.below(4) {
            0 => {
                let stranger = Client { secret: format!("{}x", client.secret), ..client.clone() };
                (Request::form(path, &[GRANT, READ]).by(stranger.authorization()), "a wrong secret")
            }
            1 => {
                let fields = [GRANT, ("scope", "read write-everything")];
                (Request::form(path, &fields).by(client.authorization()), "a scope that does not exist")
            }
            2 => {
                let fields = [("grant_type", "password"), READ];
                (
                    Request::form(path, &fields).by(client.authorization()),
                    "a grant that the client may not use",
                )
            }
            _ => (Request::form(path, &[GRANT, READ]), "no credentials"),
        };
        let act = self.token_act(&client.id, &server, None, Some(why.to_owned()));
        self.token(&request, act, &client, &server);
    }

    #[expect(clippy::unused_self, reason = "reads as what this thread asks")]
    fn token_act(
        &self,
        client: &str,
        server: &str,
        assertion: Option<String>,
        must_refuse: Option<String>,
    ) -> Act {
        Act::Token { client: client.to_owned(), server: server.to_owned(), assertion, must_refuse }
    }

    fn token(&mut self, request: &Request, act: Act, client: &Client, server: &str) {
        let mut given = None;
        self.ask(request, act, |answer, told| {
            given = answer.json()["access_token"].as_str().and_then(Token::read);
            told.jti = given.as_ref().map(|token| token.jti.clone());
            told.kid = given.as_ref().map(|token| token.kid.clone());
        });
        let Some(token) = given else { return };
        self.show_to_verifiers(&token, server);
        if client.secret.is_empty() {
            return;
        }
        let issued = Issued { token, client: client.clone(), server: server.to_owned() };
        let place = self.random.below(TOKENS_KEPT);
        let live = &mut self.shared.tokens().live;
        if live.len() < TOKENS_KEPT {
            live.push(issued);
        } else {
            live[place] = issued;
        }
    }
}

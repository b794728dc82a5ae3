//! Client assertions in a world that stands still: two clients, one with a key and one with a secret. An assertion is
//! taken if, and only if, a plain reading of the rules takes it, whoever signed; one that has a `jti` is granted on once.
//!
//! Input: on the first line who signs (`key`, `secret`, `stranger`, or `raw` for a whole token), on the second members
//! for the header, then the claims.

use std::cell::RefCell;

use jose::json::{Members, parse_object};
use jose::{Algorithm, HmacAlgorithm, SigningKey};
use model::app::{AuthMethod, ClientKeys, OAuthSettings};
use serde_json::Value;
use service::admin::app::{self, Written};
use service::admin::jwk;
use service::client::Credentials;
use service::client_assertion::{ASSERTION_TYPE, Assertion};
use tokio::runtime::Runtime;

use crate::pieces::lines;
use crate::world::{ISSUER, TOKEN_URL, World, app_settings, authenticate, request};

/// After so many grants a new world takes over.
const GRANTS_MAX: usize = 2_000;

struct Held {
    runtime: Runtime,
    world: World,
    key: SigningKey,
    stranger: SigningKey,
    by_key: String,
    by_secret: String,
    secret: String,
    grants: usize,
}

/// Who signs, a header and claims.
pub fn run(bytes: &[u8]) {
    thread_local!(static HELD: RefCell<Option<Held>> = const { RefCell::new(None) });
    let [who, header, claims] = lines(bytes);
    HELD.with_borrow_mut(|held| {
        if held.as_ref().is_some_and(|held| held.grants > GRANTS_MAX) {
            *held = None;
        }
        held.get_or_insert_with(Held::new).judge(who, header, claims);
    });
}

impl Held {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let world = runtime.block_on(World::new());
        let make = || SigningKey::generate(Algorithm::EdDsa).expect("a key");
        let (key, stranger) = (make(), make());
        let members = serde_json::to_value(key.public()).expect("a key can be shown");
        let members = vec![members.as_object().cloned().expect("a key is an object")];
        let keys = jwk::register(&world.tenant.ids, &[], members, world.now()).expect("a good key");
        let register = |auth_method, keys| -> Written {
            let settings = app_settings("Signer");
            let oauth = OAuthSettings { auth_method, keys, ..settings.oauth.clone() };
            runtime.block_on(world.try_app(app::Settings { oauth, ..settings })).expect("an app")
        };
        let by_key = register(AuthMethod::PrivateKeyJwt, Some(ClientKeys::Jwks(keys)));
        let by_secret = register(AuthMethod::ClientSecretJwt, None);
        let id = |app: &Written| app.entry.app.value.client_id.to_string();
        let secret = by_secret.client_secret.clone().expect("a secret");
        Self {
            by_key: id(&by_key),
            by_secret: id(&by_secret),
            secret,
            runtime,
            world,
            key,
            stranger,
            grants: 0,
        }
    }

    fn judge(&mut self, who: &[u8], header: &[u8], claims: &[u8]) {
        // `$KEY`, `$SECRET` and `$AUD` stand for what a corpus cannot know.
        let known = [("$KEY", &*self.by_key), ("$SECRET", &*self.by_secret), ("$AUD", TOKEN_URL)];
        let Ok(text) = str::from_utf8(claims) else { return };
        let claims = known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        let header = parse_object(header).unwrap_or_default();
        let Some(token) = self.signed(who, &header, &claims) else { return };
        let expected = match who {
            b"key" => header.get("typ").is_none_or(Value::is_string) && self.is_good(&claims, &self.by_key),
            b"secret" => self.is_good(&claims, &self.by_secret),
            _ => false,
        };
        let presented = Credentials::Assertion(Assertion {
            client_id: None,
            assertion_type: Some(ASSERTION_TYPE.to_owned()),
            assertion: token,
        });
        let (tenant, snapshot) = (&self.world.tenant, self.world.snapshot());
        let judged = self.runtime.block_on(authenticate(tenant, &snapshot, &presented));
        let judged = judged.map_err(|(refusal, _)| refusal);
        assert_eq!(judged.is_ok(), expected, "{claims}: {:?}", judged.err());
        if expected {
            self.grants += 1;
            self.granted_once(&presented, &claims);
        }
    }

    fn granted_once(&self, presented: &Credentials, claims: &str) {
        let has_jti = claims_of(claims).is_some_and(|claims| claims.contains_key("jti"));
        let ask = || self.runtime.block_on(self.world.ask(&request(presented.clone(), None)));
        let first = ask();
        // The very same text may have come before.
        let second = ask();
        assert!(!has_jti || second.is_err(), "granted on twice: {claims}");
        assert!(has_jti || first.is_ok() == second.is_ok());
    }

    fn signed(&self, who: &[u8], header: &Members, claims: &str) -> Option<String> {
        let mut token = String::new();
        match who {
            b"key" => jose::sign_with_header(&self.key, header, claims.as_bytes(), &mut token).ok()?,
            b"stranger" => {
                jose::sign_with_header(&self.stranger, header, claims.as_bytes(), &mut token).ok()?;
            }
            b"secret" => {
                let secret = self.secret.as_bytes();
                jose::sign_hmac(HmacAlgorithm::Hs512, secret, claims.as_bytes(), &mut token).ok()?;
            }
            b"raw" => token.push_str(claims),
            _ => return None,
        }
        // Longer ones are not read.
        (token.len() <= 16 * 1_024).then_some(token)
    }

    /// The rules, read plainly.
    fn is_good(&self, claims: &str, client_id: &str) -> bool {
        let now = self.world.now().seconds();
        let Some(claims) = claims_of(claims) else { return false };
        let is = |name: &str, text: &str| claims.get(name).and_then(Value::as_str) == Some(text);
        let is_ours = |value: &Value| value.as_str().is_some_and(|text| [TOKEN_URL, ISSUER].contains(&text));
        let is_meant = match claims.get("aud") {
            Some(Value::Array(all)) => all.iter().any(is_ours),
            Some(one) => is_ours(one),
            None => false,
        };
        // Within so small a distance of now a double holds every whole second.
        let seconds = |name: &str| claims.get(name).and_then(Value::as_f64).map(f64::floor);
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let at = |offset: i64| (now + offset) as f64;
        let ends_soon = seconds("exp").is_some_and(|exp| exp > at(0) && exp <= at(3_630));
        let has_begun =
            |name: &str| !claims.contains_key(name) || seconds(name).is_some_and(|time| time <= at(30));
        let jti = claims.get("jti").is_none_or(Value::is_string);
        is("iss", client_id)
            && is("sub", client_id)
            && is_meant
            && ends_soon
            && has_begun("iat")
            && has_begun("nbf")
            && jti
    }
}

fn claims_of(text: &str) -> Option<Members> {
    parse_object(text.as_bytes()).ok()
}

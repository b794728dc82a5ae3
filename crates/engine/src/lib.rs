//! The decision of the mint: which policy and rule govern a request, which scopes and claims it gets, for how long.
//!
//! Everything here is a pure, total function of its arguments: no clock, no randomness, no I/O, no `async`, no
//! panic. The token endpoint, Token Preview, what-if and the golden tests all call [`decide()`]; there is no
//! second implementation.

pub mod claims;
pub mod compose;
pub mod consent;
pub mod decide;
pub mod explanation;
pub mod facts;
pub mod matching;
pub mod mint;
pub mod needs;
pub mod server;
pub mod trace;
pub mod user_facts;
pub mod yields;

pub use claims::ClaimFailure;
pub use consent::Unasked;
pub use decide::{Decision, Grant, Refusal, decide};
pub use explanation::{Explanation, Nameless, Names, explain};
pub use facts::{ClientFacts, ConsentFacts, Facts, Prompt, Requested, SessionFacts};
pub use mint::{Denied, Envelope, Minted, TokenKind, mint, userinfo};
pub use needs::Needs;
pub use server::AuthorizationServer;
pub use trace::{Recorder, Silent, Trace};
pub use user_facts::{GroupFacts, GroupSource, UserFacts};

//! What the engine decides, text in and text out; and that it agrees with a slow reference on everything else.

mod advice;
mod arbitrary;
mod claims;
mod consent;
mod dialogue;
mod differential;
mod evaluation;
mod explanation;
mod facts;
mod groups;
mod hostile;
mod id_token;
mod matrix;
mod people;
mod properties;
mod reference;
mod refusals;
mod sample;
mod scopes;
mod tokens;
mod trace;
mod userinfo;
mod variables;
mod world;
mod yields;

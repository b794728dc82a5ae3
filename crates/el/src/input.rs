//! What an evaluation has read of its surroundings, for whoever wants to know why it came out as it did.

use crate::value::Value;

/// Something that an evaluation has read.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// What it is called: `user.firstName`, `isMemberOfGroupName('A')`.
    pub path: String,
    /// What it was, shortened if it is long.
    pub value: Value,
}

/// How many inputs are kept of one evaluation: the first ones.
const INPUTS_MAX: usize = 100;
/// How many bytes of the value of one input are kept.
const VALUE_BYTES_MAX: usize = 1024;

/// The inputs of an evaluation, each once, in the order of first reading.
#[derive(Default)]
pub(crate) struct Inputs(Vec<Input>);

impl Inputs {
    /// Notes what was read, unless it is there already.
    pub fn note(&mut self, path: impl FnOnce() -> String, value: impl FnOnce() -> Value) {
        if self.0.len() >= INPUTS_MAX {
            return;
        }
        let path = path();
        if self.0.iter().all(|input| input.path != path) {
            self.0.push(Input { path, value: value().shortened(VALUE_BYTES_MAX) });
        }
    }

    /// All of them.
    pub fn into_vec(self) -> Vec<Input> {
        self.0
    }
}

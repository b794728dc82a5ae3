//! What one evaluation may still do. The amounts are `limits`'.

use crate::{diagnostic::EvalError, limits::Limits, span::Span};

/// The rest of the steps and of the output.
#[derive(Clone)]
pub(crate) struct Budget {
    steps: u32,
    output_bytes: usize,
}

/// How many bytes are read in one step.
const BYTES_PER_STEP: usize = 256;

impl Budget {
    pub fn new(limits: &Limits) -> Self {
        Budget { steps: limits.steps, output_bytes: limits.output_bytes }
    }

    /// Accounts for `count` steps.
    pub fn spend(&mut self, count: u32, span: Span) -> Result<(), EvalError> {
        self.steps = self
            .steps
            .checked_sub(count)
            .ok_or_else(|| EvalError::new(span, "evaluation takes too many steps"))?;
        Ok(())
    }

    /// Accounts for looking through `bytes` of text or array.
    pub fn read(&mut self, bytes: usize, span: Span) -> Result<(), EvalError> {
        self.spend(u32::try_from(bytes / BYTES_PER_STEP).unwrap_or(u32::MAX), span)
    }

    /// Accounts for `bytes` of text or array, best before they are made.
    pub fn build(&mut self, bytes: usize, span: Span) -> Result<(), EvalError> {
        self.output_bytes = self
            .output_bytes
            .checked_sub(bytes)
            .ok_or_else(|| EvalError::new(span, "the result is too large"))?;
        Ok(())
    }
}

//! How much an expression may ask for. Enforcing it is the business of each stage.

/// Bounds on the text, the tree and the evaluation of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most characters an expression may have. Okta: 1024; by default four times as many.
    pub characters: usize,
    /// How many expressions may lie within each other: what is in brackets, an argument, a branch and a right side are each
    /// within what is around them. Values above 100 count as 100, so that no expression can exhaust the stack.
    pub depth: usize,
    /// How much one evaluation may do: one for each node visited, one for each 256 bytes that a function reads, and for a
    /// regular expression as many as the text has bytes for each 64 KiB of its own size.
    pub steps: u32,
    /// How many bytes of text and array one evaluation may build, and how large its result may be.
    pub output_bytes: usize,
    /// How large the regular expressions may become when compiled, all of those together that stand in the text. One that is
    /// only known during evaluation may become a quarter of that, because somebody waits for it.
    pub pattern_bytes: usize,
}

impl Limits {
    /// The depth that is enforced.
    pub(crate) fn effective_depth(&self) -> usize {
        self.depth.min(100)
    }

    /// Those of an expression about groups that stands in a string: it is evaluated on top of what is around it, and gets a
    /// quarter of the depth.
    pub(crate) fn of_group_expression(&self) -> Limits {
        Limits { depth: self.effective_depth() / 4, ..self.clone() }
    }

    /// The same, where the string is only known during evaluation, and somebody waits for it to be compiled.
    pub(crate) fn of_late_group_expression(&self) -> Limits {
        Limits {
            characters: self.characters.min(256),
            pattern_bytes: self.late_pattern_bytes() / 4,
            ..self.of_group_expression()
        }
    }

    /// How large a regular expression may become that is compiled during evaluation.
    pub(crate) fn late_pattern_bytes(&self) -> usize {
        self.pattern_bytes / 4
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            characters: 4096,
            depth: 100,
            steps: 10_000,
            output_bytes: 64 * 1024,
            pattern_bytes: 256 * 1024,
        }
    }
}

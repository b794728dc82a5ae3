//! Whether an object takes part.

words! {
    /// Servers, policies, rules, claims and apps are one or the other.
    Status {
        /// Takes part.
        Active = "ACTIVE",
        /// Kept, and without effect.
        Inactive = "INACTIVE",
    }
}

impl Status {
    /// Whether this is `ACTIVE`.
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Active)
    }
}

//! Signing keys as configuration sees them: state and public half. The private half is sealed elsewhere.

words! {
    /// Where a signing key is in its life (Okta's words).
    KeyStatus {
        /// Signs.
        Active = "ACTIVE",
        /// Published, and will sign after the next rotation.
        Next = "NEXT",
        /// Published still, so that what it signed can be verified.
        Expired = "EXPIRED",
    }
}

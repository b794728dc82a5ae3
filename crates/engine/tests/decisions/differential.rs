//! `decide` and the slow reference agree on any server and any request.

use engine::{Recorder, Silent, decide};
use proptest::prelude::*;

use crate::{arbitrary, reference};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn decide_agrees_with_the_reference(world in arbitrary::world(), facts in arbitrary::facts()) {
        prop_assert_eq!(decide(&world.compile(), &facts, &mut Silent), reference::decide(&world, &facts));
    }

    #[test]
    fn whoever_listens_hears_the_same_decision(world in arbitrary::world(), facts in arbitrary::facts()) {
        let server = world.compile();
        let silent = decide(&server, &facts, &mut Silent);
        prop_assert_eq!(decide(&server, &facts, &mut Recorder::default()), silent);
    }
}

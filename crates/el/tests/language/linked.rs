//! What a user's methods answer: internal properties and linked objects.

use crate::world::{service, table, table_in};

#[test]
fn okta_examples() {
    table(
        r#"
        user.getInternalProperty("id") → "00u1"
        user.getInternalProperty("status") → "ACTIVE"
        user.getLinkedObject("manager").lastName → "Gates"
        "#,
    );
}

#[test]
fn who_is_not_linked_is_null() {
    table(
        r#"
        user.getLinkedObject("manager").absent → null
        user.getLinkedObject("manager").title ?: 'none' → "none"
        user.getLinkedObject("padawan") → null
        user.getLinkedObject("padawan").lastName → fails: cannot read `lastName` of null
        user.getLinkedObject("padawan")?.lastName → null
        user.getLinkedObject("manager") != null → true
        "#,
    );
}

#[test]
fn what_is_wrong_is_said_when_saving() {
    table(
        r#"
        user.getInternalProperty("created") → refused: there is no internal property `created`
        user.getInternalProperty() → refused: `getInternalProperty` takes 1 argument, not 0
        user.getLinkedObject() → refused: `getLinkedObject` takes 1 argument, not 0
        user.getLinkedObjct("manager") → refused: unknown method `getLinkedObjct`
        "#,
    );
}

#[test]
fn without_a_user_nothing_is_asked() {
    table_in(
        &service(),
        r#"
        user.getInternalProperty("id") → fails: cannot call `getInternalProperty` of null
        user?.getInternalProperty("id") → null
        user.getGroups({'group.type': 'OKTA_GROUP'}) → fails: cannot call `getGroups` of null
        user?.getGroups({'group.type': 'OKTA_GROUP'}) → null
        user?.getGroups({'group.type': 'OKTA_GROUP'})?.![name] → null
        "#,
    );
}

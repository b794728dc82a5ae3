//! Functions about directories and managers, of which there are none.

use crate::world::table;

#[test]
fn okta_examples_come_out_as_in_an_org_without_directories() {
    table(
        r#"
        hasWorkdayUser() ? findWorkdayUser().employeeID : null → null
        hasDirectoryUser() ? findDirectoryUser().managerUpn : null → null
        hasDirectoryUser() → false
        hasWorkdayUser() → false
        findDirectoryUser() → null
        findWorkdayUser() == null → true
        getManagerUser("active_directory") → null
        getManagerAppUser("active_directory", "google") → null
        getAssistantUser("active_directory") → null
        getAssistantAppUser("active_directory", "google") == null → true
        "#,
    );
}

#[test]
fn nobody_has_no_attributes() {
    table(
        r#"
        getManagerUser("active_directory").firstName → fails: cannot read `firstName` of null
        getManagerUser("active_directory")?.firstName → null
        findDirectoryUser()?.managerUpn ?: 'none' → "none"
        getManagerUser() → refused: `getManagerUser` cannot take no arguments
        getManagerAppUser("active_directory") → refused: `getManagerAppUser` cannot take 1 argument
        hasDirectoryUser(1) → refused: `hasDirectoryUser` cannot take 1 argument
        hasDirectoryUser() + 1 → refused: `+` does not take a boolean and an integer
        "#,
    );
}

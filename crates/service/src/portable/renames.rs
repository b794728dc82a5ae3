//! Renames, which do not exist: a name is the identity, so they are a deletion and a creation. Owns the note that says so.

use serde::Serialize;
use serde_json::Value;

use super::plan::Plan;

/// What is made and what is taken away, of one kind.
#[derive(Debug, Default)]
pub(super) struct Renames {
    made: Vec<(usize, Value)>,
    gone: Vec<(String, Value)>,
}

impl Renames {
    /// Something is made by the step of this index.
    pub fn made(&mut self, step: usize, form: &impl Serialize) {
        self.made.push((step, without_name(form)));
    }

    /// Something goes.
    pub fn gone(&mut self, name: &str, form: &impl Serialize) {
        self.gone.push((name.to_owned(), without_name(form)));
    }

    /// Says of what is made that it is like something that goes, where there is exactly one of each.
    pub fn note(self, plan: &mut Plan) {
        for (step, form) in &self.made {
            let mut alike = self.gone.iter().filter(|(_, gone)| gone == form);
            let only = self.made.iter().filter(|(_, made)| made == form).count() == 1;
            if let (Some((name, _)), None, true) = (alike.next(), alike.next(), only)
                && let Some(step) = plan.steps.get_mut(*step)
            {
                step.notes.push(format!(
                    "as `{name}`, which is deleted: a name is the identity, so a rename makes another thing with an id \
                     of its own"
                ));
            }
        }
    }
}

fn without_name(form: &impl Serialize) -> Value {
    let mut form = serde_json::to_value(form).unwrap_or_default();
    if let Some(members) = form.as_object_mut() {
        members.remove("name");
    }
    form
}

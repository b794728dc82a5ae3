//! Walking a whole table in the order of its key, page by page: what a start does with the configuration, of which there may
//! be hundreds of thousands of rows.

use crate::fault::Fault;
use crate::port::Store;
use crate::statements::Statement;
use crate::value::{FromRow, Value};

/// Small enough that the rows which wait beside what is made of them do not matter.
const PAGE: usize = 1_000;

/// How a table is walked. The statement's parameters are `key`, of which the first page starts behind `first`, and at last
/// the length of a page.
pub(crate) struct Walk<T> {
    pub(crate) statement: &'static Statement,
    pub(crate) first: Vec<Value>,
    pub(crate) key: fn(&T) -> Vec<Value>,
}

impl<T: FromRow> Walk<T> {
    /// Calls `each` with every row of `org`, and stops at its first error. The next page is read while `each` is at work
    /// on the last one.
    pub(crate) async fn each<E: From<Fault>>(
        self,
        store: &Store,
        org: &str,
        mut each: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let read = |mut parameters: Vec<Value>| {
            parameters.push(Value::Int(i64::try_from(PAGE).unwrap_or(i64::MAX)));
            store.query::<T>(self.statement, org, parameters)
        };
        let mut page = read(self.first).await?;
        while let Some(last) = page.last().filter(|_| page.len() == PAGE) {
            let behind = read((self.key)(last));
            let (next, done) = tokio::join!(behind, async { page.into_iter().try_for_each(&mut each) });
            done?;
            page = next?;
        }
        page.into_iter().try_for_each(each)
    }
}

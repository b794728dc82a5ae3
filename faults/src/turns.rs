//! How many rows work at once. A row that only waits for what the nodes say in the end lets another one work meanwhile, and
//! goes on before a new one begins.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Turns to work.
#[derive(Debug)]
pub struct Turns {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// How many want to go on.
    back: usize,
}

impl Turns {
    /// So many at once.
    pub fn new(count: usize) -> Self {
        Self { state: Mutex::new(State { free: count, back: 0 }), changed: Condvar::new() }
    }

    /// Waits for one.
    pub fn take(&self) {
        let has_none = |state: &mut State| state.free == 0 || state.back > 0;
        let state = self.changed.wait_while(self.state(), has_none);
        state.unwrap_or_else(PoisonError::into_inner).free -= 1;
    }

    /// Gives one back.
    pub fn give_back(&self) {
        self.state().free += 1;
        self.changed.notify_all();
    }

    /// Leaves the turn to others while `waiting` goes on.
    pub fn leave_while<T>(&self, waiting: impl FnOnce() -> T) -> T {
        self.give_back();
        let came = waiting();
        self.state().back += 1;
        let state = self.changed.wait_while(self.state(), |state| state.free == 0);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        state.free -= 1;
        state.back -= 1;
        self.changed.notify_all();
        came
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn no_more_work_at_once_than_there_are_turns_and_who_waits_holds_none() {
        let (turns, working, most) = (Turns::new(2), AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            most.fetch_max(working.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::yield_now();
            working.fetch_sub(1, Ordering::SeqCst);
        };
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    turns.take();
                    work();
                    turns.leave_while(thread::yield_now);
                    work();
                    turns.give_back();
                });
            }
        });
        assert!(most.into_inner() <= 2);
        assert_eq!(turns.state().free, 2);
        turns.take();
        turns.take();
        turns.leave_while(|| assert_eq!(turns.state().free, 1));
        assert_eq!(turns.state().free, 0);
    }
}

//! How many rows work at once. A row that only waits for what the nodes say in the end lets another one work meanwhile.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Turns to work.
#[derive(Debug)]
pub struct Turns {
    free: Mutex<usize>,
    freed: Condvar,
}

impl Turns {
    /// So many at once.
    pub fn new(count: usize) -> Self {
        Self { free: Mutex::new(count), freed: Condvar::new() }
    }

    /// Waits for one.
    pub fn take(&self) {
        let mut free = self.free();
        while *free == 0 {
            free = self.freed.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
        *free -= 1;
    }

    /// Gives one back.
    pub fn give_back(&self) {
        *self.free() += 1;
        self.freed.notify_one();
    }

    /// Leaves the turn to others while `waiting` goes on.
    pub fn leave_while<T>(&self, waiting: impl FnOnce() -> T) -> T {
        self.give_back();
        let came = waiting();
        self.take();
        came
    }

    fn free(&self) -> MutexGuard<'_, usize> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
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
        assert_eq!(*turns.free(), 2);
        turns.take();
        turns.take();
        turns.leave_while(|| assert_eq!(*turns.free(), 1));
        assert_eq!(*turns.free(), 0);
    }
}

//! Commits that are lost, with whatever came after them: as if they had never been.

use super::{World, now};
use crate::journal::JOURNAL_MAX;
use crate::state::State;
use domain::Epoch;
use domain::ports::{CommitAnswer, Finish, JobQueue as _};

/// Something else that is written between commits.
fn meanwhile(world: &World) {
    let at = world.moment();
    match world.draw(6) {
        0 => {
            now(world.store.rouse(at)).unwrap();
        }
        1 => {
            now(world.store.sweep(at, 9)).unwrap();
        }
        2..4 => {
            let claimed = now(world.store.claim(at, 2, 60_000)).unwrap();
            for job in claimed {
                let done = world.draw(3) == 0;
                let finish = if done { Finish::Done } else { Finish::Again(at.plus_seconds(60)) };
                assert_eq!(now(world.store.finish(&job.fence, finish)), Ok(true));
            }
        }
        4 => drop(now(world.store.claim(at, 1, 60_000)).unwrap()),
        _ => {}
    }
}

#[test]
fn what_is_lost_has_never_been() {
    for seed in 0..10 {
        let mut world = World::seeded(seed);
        // How it was before each commit.
        let mut befores: Vec<(u64, State)> = Vec::new();
        for round in 0..120_u64 {
            if world.draw(9) == 0 && !befores.is_empty() {
                let most = u64::try_from(befores.len()).unwrap().min(4);
                let count = usize::try_from(1 + world.draw(most)).unwrap();
                let epoch = Epoch::new(format!("{round:08}.0"));
                let lost = world.store.forget_last(count, epoch.clone()).unwrap();
                assert_eq!(lost.len(), count);
                let kept = befores.len() - count;
                let numbers: Vec<u64> = lost.iter().map(|commit| commit.no).collect();
                let expected: Vec<u64> = befores[kept..].iter().rev().map(|(no, _)| *no).collect();
                assert_eq!(numbers, expected, "newest first");
                let (_, mut before) = befores.swap_remove(kept);
                befores.truncate(kept);
                before.epoch = epoch;
                assert_eq!(world.state(), before);
                // Orders that were placed meanwhile are not there any more.
                let known = |id: &domain::OrderId| before.orders.contains(id);
                world.orders.retain(known);
            }
            meanwhile(&world);
            let changeset = world.next();
            let before = world.state();
            assert_eq!(world.commit(changeset), CommitAnswer::Committed);
            befores.push((world.store.view(|view| view.commits()).unwrap(), before));
        }
    }
}

/// The same command is committed again: nothing of it is left that would be in its way.
#[test]
fn what_was_lost_can_be_done_again() {
    let mut world = World::seeded(3);
    for _ in 0..30 {
        let changeset = world.next();
        assert_eq!(world.commit(changeset.clone()), CommitAnswer::Committed);
        let after = world.state();
        let epoch = after.epoch.clone();
        assert_eq!(world.store.forget_last(1, epoch).unwrap().len(), 1);
        assert_eq!(world.commit(changeset), CommitAnswer::Committed);
        assert_eq!(world.state(), after);
    }
}

#[test]
fn only_the_last_writes_are_remembered() {
    let mut world = World::seeded(4);
    for _ in 0..JOURNAL_MAX + 300 {
        let changeset = world.next();
        assert_eq!(world.commit(changeset), CommitAnswer::Committed);
    }
    let total = world.store.view(|view| view.commits()).unwrap();
    let lost = world.store.forget_last(usize::MAX, Epoch::new("2.0")).unwrap();
    // Buyers come by writes of their own.
    assert!(lost.len() <= JOURNAL_MAX && lost.len() > JOURNAL_MAX / 2, "{} lost", lost.len());
    assert_eq!(lost.first().map(|commit| commit.no), Some(total));
    assert!(world.store.forget_last(1, Epoch::new("3.0")).unwrap().is_empty());
    assert!(world.state().orders.len() > 10, "what is older stays");
    let next = world.next();
    drop(next);
}

#[test]
fn what_is_replicated_is_not_lost() {
    let mut world = World::seeded(7);
    for _ in 0..3 {
        let changeset = world.next();
        assert_eq!(world.commit(changeset), CommitAnswer::Committed);
    }
    world.store.replicate().unwrap();
    let kept = world.state();
    let changeset = world.next();
    assert_eq!(world.commit(changeset), CommitAnswer::Committed);
    let lost = world.store.forget_last(3, kept.epoch.clone()).unwrap();
    assert_eq!((lost.len(), world.state()), (1, kept));
}

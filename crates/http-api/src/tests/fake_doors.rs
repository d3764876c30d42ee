//! The sides of [`Fake`] that look after work, people, keys and cases.

use super::fake::{Fake, ready};
use domain::case::Case;
use domain::changeset::Fence;
use domain::job::JobId;
use domain::names::{Appid, Openid};
use domain::ports::*;
use domain::{Pace, Timestamp, UserId};
use uuid::Uuid;

impl JobQueue for Fake {
    fn claim(
        &self,
        _now: Timestamp,
        _limit: u32,
        _lease_ms: u64,
    ) -> PortFuture<'_, Result<Vec<LeasedJob>, StoreError>> {
        ready(Ok(Vec::new()))
    }

    fn renew<'a>(
        &'a self,
        _lease: &'a Fence,
        _lease_ms: u64,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        ready(Ok(true))
    }

    fn finish<'a>(
        &'a self,
        _lease: &'a Fence,
        _finish: Finish,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        ready(Ok(true))
    }

    fn hasten<'a>(
        &'a self,
        _job: &'a JobId,
        _at: Timestamp,
    ) -> PortFuture<'a, Result<(), StoreError>> {
        ready(self.up().map(|mut inner| inner.hastened += 1))
    }

    fn rouse(&self, _now: Timestamp) -> PortFuture<'_, Result<u64, StoreError>> {
        ready(Ok(0))
    }

    fn next_due(&self) -> PortFuture<'_, Result<Option<Timestamp>, StoreError>> {
        ready(Ok(None))
    }

    fn sweep(
        &self,
        _now: Timestamp,
        _limit: u32,
    ) -> PortFuture<'_, Result<Vec<JobId>, StoreError>> {
        ready(Ok(Vec::new()))
    }
}

impl Access for Fake {
    fn buyer<'a>(
        &'a self,
        _appid: &'a Appid,
        openid: &'a Openid,
        _fresh: UserId,
        _now: Timestamp,
    ) -> PortFuture<'a, Result<UserId, StoreError>> {
        // An openid is always the same buyer.
        let number = openid.as_str().bytes().fold(7u128, |n, b| n * 31 + u128::from(b));
        ready(self.up().map(|_| UserId::new(Uuid::from_u128(number))))
    }

    fn openid<'a>(
        &'a self,
        _buyer: UserId,
        _appid: &'a Appid,
    ) -> PortFuture<'a, Result<Option<Openid>, StoreError>> {
        ready(self.up().map(|inner| (!inner.no_openid).then(|| Openid::new("o-secret-openid"))))
    }

    fn open_session<'a>(
        &'a self,
        token_hash: [u8; 32],
        session: SessionRecord,
    ) -> PortFuture<'a, Result<(), StoreError>> {
        ready(self.up().map(|mut inner| {
            inner.sessions.insert(token_hash, session);
        }))
    }

    fn session(
        &self,
        token_hash: [u8; 32],
    ) -> PortFuture<'_, Result<Option<SessionRecord>, StoreError>> {
        ready(self.up().map(|inner| inner.sessions.get(&token_hash).cloned()))
    }

    fn add_api_key(
        &self,
        key_hash: [u8; 32],
        record: ApiKeyRecord,
    ) -> PortFuture<'_, Result<(), StoreError>> {
        ready(self.up().map(|mut inner| {
            inner.keys.insert(key_hash, record);
        }))
    }

    fn api_key(
        &self,
        key_hash: [u8; 32],
    ) -> PortFuture<'_, Result<Option<ApiKeyRecord>, StoreError>> {
        ready(self.up().map(|inner| {
            let found = inner.keys.get(&key_hash).cloned();
            found.filter(|record| record.revoked_at.is_none())
        }))
    }

    fn api_keys(&self) -> PortFuture<'_, Result<Vec<ApiKeyRecord>, StoreError>> {
        ready(self.up().map(|inner| {
            let mut keys: Vec<ApiKeyRecord> = inner.keys.values().cloned().collect();
            keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
            keys
        }))
    }

    fn revoke_api_key<'a>(
        &'a self,
        id: &'a str,
        now: Timestamp,
    ) -> PortFuture<'a, Result<bool, StoreError>> {
        ready(self.up().map(|mut inner| {
            let found = inner.keys.values_mut().find(|record| record.id == id);
            found.map(|record| record.revoked_at.get_or_insert(now)).is_some()
        }))
    }
}

impl Invariants for Fake {
    fn check(&self, _pace: Pace) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>> {
        ready(self.up().map(|inner| inner.invariants.clone()))
    }

    fn check_part(
        &self,
        _part: Part,
        pace: Pace,
    ) -> PortFuture<'_, Result<Vec<InvariantReport>, StoreError>> {
        self.check(pace)
    }
}

impl CaseBook for Fake {
    fn cases<'a>(&'a self, query: &'a CaseList) -> PortFuture<'a, Result<CaseListing, StoreError>> {
        ready(self.up().map(|inner| {
            let wanted = |case: &&Case| {
                query.kind.is_none_or(|kind| case.kind == kind)
                    && query.status.is_none_or(|status| case.status == status)
                    && query.subject.as_ref().is_none_or(|subject| case.subject == *subject)
                    && query.opened_from.is_none_or(|from| case.opened_at >= from)
                    && query.opened_to.is_none_or(|to| case.opened_at < to)
                    && query.after.is_none_or(|after| (case.opened_at, case.id) < after)
            };
            let mut cases: Vec<Case> = inner.cases.iter().filter(wanted).cloned().collect();
            cases.sort_by_key(|case| core::cmp::Reverse((case.opened_at, case.id)));
            let limit = usize::try_from(query.limit).unwrap();
            let more = cases.len() > limit;
            cases.truncate(limit);
            CaseListing { cases, more }
        }))
    }

    fn case(&self, id: domain::CaseId) -> PortFuture<'_, Result<Option<Case>, StoreError>> {
        ready(self.up().map(|inner| inner.cases.iter().find(|case| case.id == id).cloned()))
    }

    fn change_case<'a>(
        &'a self,
        change: &'a CaseChange,
    ) -> PortFuture<'a, Result<CaseAnswer, StoreError>> {
        ready(self.up().map(|mut inner| {
            let moved = change.moved.clone();
            let known = inner.cases.iter_mut().find(|case| case.id == change.id);
            let Some(case) = known.filter(|case| case.status == change.expected) else {
                return CaseAnswer::Moved;
            };
            case.status = moved.to;
            case.assignee = moved.assignee.or(case.assignee.take());
            case.note = moved.note.or(case.note.take());
            inner.hastened += usize::from(moved.job.is_some());
            inner.replays.insert(change.replay.scope.clone(), change.replay.clone());
            CaseAnswer::Changed
        }))
    }
}

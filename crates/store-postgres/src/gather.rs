//! Questions of one kind that are asked while others of it are under way become one statement.
//!
//! Each is asked after it came, so that an answer is as fresh as if it had been asked alone; who comes
//! alone is asked alone, at once. What is in the way of one question is in nobody else's: when the
//! statement of several fails, each is asked again for itself. `docs/adr/0019`.

use crate::patience::Failure;
use crate::turns::{Turns, Unheard};
use domain::ports::StoreError;
use std::sync::Arc;
use std::time::Duration;

/// The most questions in one statement.
const MOST: usize = 256;
/// How many statements of one kind are under way at a time. More are faster only where the way to the
/// database is long, and make each smaller.
const AT_A_TIME: usize = 2;

/// What each of several questions was answered, in their order.
pub(crate) type Answers<A> = Result<Vec<Result<A, StoreError>>, Failure>;

/// Questions `Q` of one kind with their answers `A`.
pub(crate) struct Gather<Q, A> {
    turns: Arc<Turns<(), Q, Heard<A>>>,
}

/// `None` for whoever is to ask alone.
type Heard<A> = Option<Result<A, StoreError>>;

impl<Q: Clone, A> Gather<Q, A> {
    /// Nobody waits longer than `patience` to be asked.
    pub(crate) fn new(patience: Duration) -> Gather<Q, A> {
        Gather { turns: Arc::new(Turns::new(AT_A_TIME, patience)) }
    }

    /// The answer to `question`, which `read` gets with others or alone.
    pub(crate) async fn ask<F, W>(&self, question: Q, read: F) -> Result<A, StoreError>
    where
        F: Fn(Vec<Q>) -> W,
        W: Future<Output = Answers<A>>,
    {
        let again = question.clone();
        let read = &read;
        let asking = move |all: Vec<Q>| async move {
            let asked = all.len();
            let none = |why: Option<StoreError>| -> Vec<Heard<A>> {
                (0..asked).map(|_| why.clone().map(Err)).collect()
            };
            match read(all).await {
                Ok(answers) if answers.len() == asked => answers.into_iter().map(Some).collect(),
                Ok(_) => none(Some(unanswered())),
                // Something is wrong with one of them, or with the link.
                Err(Failure::Said(_)) if asked > 1 => none(None),
                Err(failure) => none(Some(failure.into())),
            }
        };
        match Turns::take(&self.turns, (), question, MOST, asking).await {
            Ok(Some(answer)) => answer,
            Err(Unheard::Untaken) => Err(unanswered()),
            Ok(None) | Err(Unheard::Stopped) => {
                read(vec![again]).await?.pop().ok_or_else(unanswered)?
            }
        }
    }
}

fn unanswered() -> StoreError {
    StoreError::Unavailable("a question was not answered".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::result::Error;
    use futures_util::future::join_all;
    use std::sync::Mutex;

    /// Answers each question with itself times ten and writes down what was asked together. A statement
    /// with a seven in it fails; the answer to a nine is corrupt.
    async fn read(asked: Vec<u32>, seen: &Mutex<Vec<Vec<u32>>>) -> Answers<u32> {
        seen.lock().unwrap().push(asked.clone());
        tokio::task::yield_now().await;
        if asked.contains(&7) {
            return Err(Failure::Said(Error::NotFound));
        }
        let answer = |n: &u32| match n {
            9 => Err(StoreError::Corrupt("nine".to_owned())),
            n => Ok(n * 10),
        };
        Ok(asked.iter().map(answer).collect())
    }

    async fn ask_all(questions: &[u32]) -> (Vec<Result<u32, StoreError>>, Vec<Vec<u32>>) {
        let (gather, seen) = (Gather::new(Duration::from_secs(9)), Mutex::default());
        let asked = questions.iter().map(|n| gather.ask(*n, |all| read(all, &seen)));
        let answers = join_all(asked).await;
        (answers, seen.into_inner().unwrap())
    }

    #[tokio::test]
    async fn who_comes_while_others_ask_is_asked_with_them() {
        let (answers, seen) = ask_all(&[1, 2, 3, 4, 5]).await;
        assert_eq!(answers, [Ok(10), Ok(20), Ok(30), Ok(40), Ok(50)]);
        assert!(seen.len() < 5, "{seen:?}");
        assert_eq!(seen.concat().len(), 5, "nobody is asked twice");
    }

    #[tokio::test]
    async fn what_is_wrong_with_one_is_nobody_elses() {
        let (answers, _) = ask_all(&[1, 9, 3, 7, 5]).await;
        assert_eq!(answers[0], Ok(10));
        assert_eq!(answers[1], Err(StoreError::Corrupt("nine".to_owned())));
        assert_eq!(answers[2], Ok(30));
        assert!(matches!(answers[3], Err(StoreError::Unavailable(_))));
        assert_eq!(answers[4], Ok(50), "it was asked again without the seven");
    }

    #[tokio::test]
    async fn many_are_several_statements() {
        let questions: Vec<u32> = (100..700).collect();
        let (answers, seen) = ask_all(&questions).await;
        assert!(answers.iter().zip(&questions).all(|(answer, n)| *answer == Ok(n * 10)));
        assert!(seen.iter().all(|asked| asked.len() <= MOST), "{seen:?}");
    }
}

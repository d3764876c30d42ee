//! `paydesk demo`: the incidents, live. Plays each story against real processes, and ends with a table.
//!
//! Nothing is faked: what is done is done through the public API and the sandbox's control routes, and
//! in the end the sandbox's ledger is compared with what the API says. A story is one file in
//! `demo/stories` and its two lines in `demo/stories.rs`.

mod books;
mod report;
mod signer;
mod stage;
mod stories;
mod story;
mod watching;

use crate::cli::DemoArgs;
use crate::service::StopSignal;
use anyhow::{Context as _, Result, anyhow, bail};
use report::{Row, Verdict};
use stage::Stage;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;
use stories::STORIES;
use story::{Seen, Story, Telling};

/// A story that takes longer has gone wrong.
const STORY_LIMIT: Duration = Duration::from_secs(90);

/// Plays the stories.
///
/// # Errors
/// When something cannot start, or any story ends wrong, with its reason.
pub async fn run(args: DemoArgs) -> Result<()> {
    if args.list {
        for Story { number, title, title_zh, .. } in STORIES {
            println!("  {number:>2}  {title} · {title_zh}");
        }
        return Ok(());
    }
    let chosen = choose(&args.story)?;
    let data = folder(&args.data)?;
    let mut stop = StopSignal::listen()?;
    println!(
        "\nPostgreSQL, paydesk sandbox and paydesk serve, each a process of its own, in {}",
        data.display()
    );
    let mut stage = tokio::select! {
        set = Stage::set(&data) => set?,
        // What was begun ends with this process: each of them is on a leash.
        () = stop.wait() => bail!("interrupted while starting"),
    };
    let judged = tokio::select! {
        judged = play(&mut stage, &chosen) => judged,
        () = stop.wait() => Err(anyhow!("interrupted")),
    };
    println!("\nlogs: {0}/serve.log, {0}/sandbox.log", data.display());
    if args.keep && judged.is_ok() {
        let (api, sandbox) = (stage.api.url(""), stage.sandbox.base());
        println!("still running, until Ctrl-C: API {api}, sandbox {sandbox}");
        stop.wait().await;
    }
    stage.strike().await;
    judged
}

fn choose(numbers: &[u8]) -> Result<Vec<&'static Story>> {
    if numbers.is_empty() {
        return Ok(STORIES.iter().collect());
    }
    let known = |number: &u8| STORIES.iter().find(|story| story.number == *number);
    let chosen = |number: &u8| {
        known(number).with_context(|| format!("--story {number}: there is none; see --list"))
    };
    numbers.iter().map(chosen).collect()
}

fn folder(data: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(data)
        .and_then(|()| std::fs::canonicalize(data))
        .with_context(|| format!("--data: cannot use {}", data.display()))
}

async fn play(stage: &mut Stage, stories: &[&Story]) -> Result<()> {
    let mut rows = Vec::new();
    for story in stories {
        rows.push(play_one(stage, story).await);
    }
    println!("\n  账本核对 · the sandbox's ledger against the orders\n");
    let telling = Telling::begin();
    let compared = async {
        stage.calm().await?;
        books::compare(stage).await
    };
    let verdict = verdict_of(compared, STORY_LIMIT).await;
    rows.push(row(None, "the books", &telling, verdict));
    println!("\n{}", report::table(&rows));
    report::judge(&rows)
}

async fn play_one(stage: &mut Stage, story: &Story) -> Row {
    println!("\n  {}  {} · {}\n", story.number, story.title_zh, story.title);
    let telling = Telling::begin();
    let playing = async {
        stage.calm().await?;
        let Seen { by_wechat_pay, by_paydesk, outcome } = (story.play)(stage, &telling).await?;
        println!("    WeChat Pay saw  {by_wechat_pay}");
        println!("    Paydesk saw     {by_paydesk}");
        Ok(outcome)
    };
    let verdict = verdict_of(playing, STORY_LIMIT).await;
    row(Some(story.number), story.title, &telling, verdict)
}

/// Waits for the end, but not for ever.
async fn verdict_of(playing: impl Future<Output = Result<String>>, limit: Duration) -> Verdict {
    match tokio::time::timeout(limit, playing).await {
        Ok(Ok(outcome)) => Verdict::Right(outcome),
        Ok(Err(error)) => Verdict::Wrong(format!("{error:#}")),
        Err(_late) => Verdict::Wrong(format!("no end within {} s", limit.as_secs())),
    }
}

/// The row of the table, said at once.
fn row(number: Option<u8>, title: &str, telling: &Telling, verdict: Verdict) -> Row {
    let row = Row { number, title: title.to_owned(), took: telling.elapsed(), verdict };
    println!("    {}", row.line());
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_story_with_a_broken_expectation_ends_wrong_with_its_reason() {
        let broken = async {
            anyhow::ensure!(1 > 2, "the order is unpaid");
            Ok("paid".to_owned())
        };
        let wrong = verdict_of(broken, STORY_LIMIT).await;
        assert_eq!(wrong, Verdict::Wrong("the order is unpaid".to_owned()));
        let well = async { Ok("paid".to_owned()) };
        assert_eq!(verdict_of(well, STORY_LIMIT).await, Verdict::Right("paid".to_owned()));
    }

    #[tokio::test]
    async fn a_story_without_end_ends_wrong() {
        let endless = std::future::pending();
        let verdict = verdict_of(endless, Duration::from_millis(1)).await;
        assert_eq!(verdict, Verdict::Wrong("no end within 0 s".to_owned()));
    }

    #[test]
    fn every_story_has_a_number_of_its_own_and_they_are_in_order() {
        assert!(STORIES.windows(2).all(|pair| pair[0].number < pair[1].number));
    }

    #[test]
    fn stories_are_chosen_by_number_and_an_unknown_one_is_named() {
        let chosen = choose(&[12, 1]).unwrap();
        assert_eq!(chosen.iter().map(|story| story.number).collect::<Vec<_>>(), [12, 1]);
        assert_eq!(choose(&[]).unwrap().len(), STORIES.len());
        let refused = choose(&[99]).err().map(|error| error.to_string());
        assert_eq!(refused.as_deref(), Some("--story 99: there is none; see --list"));
    }
}

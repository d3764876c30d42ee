//! Keys that change while the service runs: its configuration is looked at again every few seconds, and at
//! SIGHUP. New keys are taken all together; with a mistake anywhere none is, and the service goes on with
//! those it has.

use crate::metrics::Meters;
use crate::settings::{Mistakes, Settings};
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use wechatpay::{MiniProgramLogin, MiniProgramShipping, Renewed, WechatPay};

/// How often the configuration and the files that it names are read again.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// What came of other keys, by `result`.
pub(crate) const RENEWED: &str = "paydesk_keys_renewed_total";

/// Everybody who holds a key.
#[derive(Clone)]
pub(super) struct KeysInUse {
    pub(super) wechat_pay: Arc<WechatPay>,
    pub(super) login: Arc<MiniProgramLogin>,
    /// Unless nothing is told to it.
    pub(super) shipping: Option<Arc<MiniProgramShipping>>,
    pub(super) meters: Arc<Meters>,
}

impl KeysInUse {
    /// Takes the keys of `settings`; whether they are others than before.
    ///
    /// # Errors
    /// Every mistake in the configuration, also beside its keys: it is one that nothing would start with.
    pub(super) fn renew(&self, settings: &Settings) -> Result<bool, Mistakes> {
        let checked = settings.check()?;
        let refused = |errors: wechatpay::SettingsErrors| Mistakes(errors.0);
        let renewed = self.wechat_pay.renew(&checked.wechat_pay).map_err(refused)?;
        let app_secret = checked.login.app_secret;
        if let Some(shipping) = &self.shipping {
            shipping.renew(app_secret.clone());
        }
        let is_other = self.login.renew(app_secret) || renewed == Renewed::Replaced;
        if is_other {
            self.meters.count(RENEWED, &[("result", "replaced")]);
            tracing::info!("keys.replaced");
        }
        Ok(is_other)
    }

    /// Looks again and again until `stop`.
    ///
    /// # Errors
    /// When signals cannot be listened to.
    pub(super) fn follow(self, config: PathBuf, stop: CancellationToken) -> Result<()> {
        let mut hangup = signal(SignalKind::hangup()).context("SIGHUP cannot be listened to")?;
        let looking = async move {
            let mut ticks = tokio::time::interval(LOOK_EVERY);
            let mut said = Said::default();
            loop {
                let asked = tokio::select! {
                    _ = ticks.tick() => false,
                    _ = hangup.recv() => true,
                };
                // Files may be on a disk that answers late.
                let (keys, config) = (self.clone(), config.clone());
                let looked = tokio::task::spawn_blocking(move || keys.look(&config)).await;
                let looked = looked.map_err(anyhow::Error::from).and_then(|looked| looked);
                if said.hear(looked, asked) {
                    self.meters.count(RENEWED, &[("result", "refused")]);
                }
            }
        };
        super::in_background(looking, stop);
        Ok(())
    }

    fn look(&self, config: &Path) -> Result<Looked> {
        let settings = Settings::read(config)?;
        let is_other = self.renew(&settings)?;
        Ok(Looked { is_other, beside: settings.besides_keys() })
    }
}

/// What a look has found.
struct Looked {
    is_other: bool,
    /// The configuration without its keys.
    beside: String,
}

/// What was said already: the same is not said every five seconds.
#[derive(Default)]
struct Said {
    mistake: Option<String>,
    beside: Option<String>,
}

impl Said {
    /// Says what is new, or was asked for; whether new keys were refused.
    fn hear(&mut self, looked: Result<Looked>, asked: bool) -> bool {
        match looked {
            Ok(looked) => {
                self.hear_of_keys(looked.is_other, asked);
                self.hear_of_the_rest(looked.beside);
                false
            }
            Err(error) => self.hear_of_mistakes(format!("{error:#}"), asked),
        }
    }

    /// Whether they are others than those that were said last.
    fn hear_of_mistakes(&mut self, why: String, asked: bool) -> bool {
        let is_news = self.mistake.as_ref() != Some(&why);
        if is_news || asked {
            tracing::error!(why, "keys.refused");
        }
        self.mistake = Some(why);
        is_news
    }

    fn hear_of_keys(&mut self, is_other: bool, asked: bool) {
        // Other keys have said so themselves.
        if (self.mistake.take().is_some() || asked) && !is_other {
            tracing::info!("keys.same");
        }
    }

    /// What it was when the service began is the first thing that is heard.
    fn hear_of_the_rest(&mut self, beside: String) {
        if self.beside.as_ref().is_some_and(|before| *before != beside) {
            tracing::warn!("the configuration has changed beside its keys: that takes a restart");
        }
        self.beside = Some(beside);
    }
}

#[cfg(test)]
mod tests {
    use super::{Looked, Said};
    use anyhow::anyhow;

    fn looked(beside: &str) -> anyhow::Result<Looked> {
        Ok(Looked { is_other: false, beside: beside.to_owned() })
    }

    #[test]
    fn a_mistake_counts_once_until_it_is_another_or_was_mended() {
        let mut said = Said::default();
        let mut hear = |looked| said.hear(looked, false);
        assert!(!hear(looked("a")));
        assert!(hear(Err(anyhow!("one"))));
        assert!(!hear(Err(anyhow!("one"))));
        assert!(hear(Err(anyhow!("another"))));
        assert!(!hear(looked("a")));
        assert!(hear(Err(anyhow!("another"))));
    }
}

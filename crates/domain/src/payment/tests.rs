//! What a credential is good for, and for how long.

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_226_400 + seconds)
}

fn payable(credential: Option<Credential>) -> Payment {
    let state = PaymentState::Payable { credential };
    Payment {
        no: 1,
        terms: Terms {
            out_trade_no: OutTradeNo::parse("T20261121000001").unwrap(),
            channel: Channel::Wechat(TradeType::H5),
            mchid: Mchid::new("1900000109"),
            appid: Appid::new("wxd678efh567hg6787"),
            payer: None,
            client_ip: ClientIp::parse("14.23.150.211"),
            amount: Fen::new(100),
            description: "茶".to_owned(),
            attach: String::new(),
            time_expire: at(900),
        },
        prepay_body: String::new(),
        state,
        created_at: at(0),
    }
}

#[test]
fn a_credential_lasts_until_a_minute_before_it_could_end() {
    for (credential, life_s) in [
        (Credential::PrepayId("wx".to_owned()), 7_200),
        (Credential::CodeUrl("weixin://x".to_owned()), 7_200),
        (Credential::H5Url("https://x".to_owned()), 300),
    ] {
        let payment = payable(Some(credential.clone()));
        for (now, lasts) in [(0, true), (life_s - 61, true), (life_s - 60, false), (life_s, false)]
        {
            let expected = Some(&credential).filter(|_| lasts);
            assert_eq!(payment.lasting_credential(at(now)), expected, "{now}");
        }
        assert_eq!(payment.credential(), Some(&credential), "it is known all the same");
    }
    assert_eq!(payable(None).lasting_credential(at(0)), None);
}

#[test]
fn whoever_has_it_can_pay_so_it_is_not_shown() {
    for credential in [
        Credential::PrepayId("secret".to_owned()),
        Credential::CodeUrl("secret".to_owned()),
        Credential::H5Url("secret".to_owned()),
    ] {
        assert!(!format!("{:?}", payable(Some(credential))).contains("secret"));
    }
    assert!(!format!("{:?}", payable(None)).contains("14.23"), "nor where the payer is");
}

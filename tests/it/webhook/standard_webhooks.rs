//! Signatures of Standard Webhooks, under its header names and under those of Svix.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use relata::Timestamp;
use relata::signature::{Scheme, SignatureError, SignatureHeaders};

use crate::webhook::signatures::{BODY, NOW, SECRET, check, now, pair, verifier};

fn standard_headers<'a>(signature: &'a str, timestamp: &'a str) -> [(&'static str, &'a str); 3] {
    [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", signature),
    ]
}

/// Returns a signature over [`BODY`] at a time.
fn v1(secret: &[u8], time: &str) -> String {
    let content = [b"msg_p5jXN8AQM9LWM0D4loKWxJek.", time.as_bytes(), b".", BODY].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), &content);
    format!("v1,{}", STANDARD.encode(tag))
}

#[test]
fn the_example_of_standard_webhooks_holds() {
    // The example that the specification's reference libraries test with.
    let body = br#"{"test": 2432232314}"#;
    let headers = standard_headers("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", "1614265330");
    let pairs = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    let picked = SignatureHeaders::pick(pairs);
    let then = Timestamp::from_millis(1_614_265_330_000);
    assert_eq!(verifier(&[SECRET]).verify(&picked, body, then), Ok(Scheme::Standard));
    let late = verifier(&[SECRET]).verify(&picked, body, now()).unwrap_err();
    assert!(matches!(late, SignatureError::OutOfTime { side: "ago", .. }), "{late}");
}

#[test]
fn standard_webhooks_take_several_signatures_and_several_keys() {
    let time = NOW.to_string();
    let content = [b"msg_p5jXN8AQM9LWM0D4loKWxJek.", time.as_bytes(), b".", BODY].concat();
    let secret = STANDARD.decode(&SECRET[6..]).unwrap();
    let v1 = v1(&secret, &time);
    let v1a = format!("v1a,{}", STANDARD.encode(pair().sign(&content)));
    let other_secret = format!("standard:whsec_{}", STANDARD.encode([9; 32]));
    let public = format!("whpk_{}", STANDARD.encode(pair().public_key()));
    let other = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    let cases: [(&[&str], String, bool); 21] = [
        // What cannot be read, or has no key, says nothing of what stands beside it.
        (&[SECRET], format!("v1,%%% {v1}"), true),
        (&[SECRET], format!("nothing {v1} v1,%%%"), true),
        (&[SECRET], format!("v1a,not-base64 {v1}"), true),
        (&[SECRET, &public], format!("v1a,not-base64 {v1}"), true),
        (&[SECRET], "v1,%%%".to_owned(), false),
        (&[SECRET], format!("v1,%%% {other}"), false),
        (&[SECRET], format!("{v1a} nothing"), false),
        (&[SECRET], v1.clone(), true),
        (&[&other_secret, SECRET], v1.clone(), true),
        (&[&other_secret], v1.clone(), false),
        (&[&public], v1a.clone(), true),
        (&[&public], v1.clone(), false),
        (&[SECRET], v1a.clone(), false),
        (&[SECRET, &public], format!("{other} {v1a}"), true),
        (&[SECRET], format!("{other} {v1}"), true),
        (&[SECRET], format!("v2,zzz {v1}"), true),
        (&[SECRET], other.to_owned(), false),
        (&[SECRET], v1.replace("v1,", "v1a,"), false),
        (&[SECRET], v1[3..].to_owned(), false),
        (&[SECRET], format!("{}{v1}", format!("{other} ").repeat(40)), false),
        (&["ed25519:highlevel"], v1.clone(), false),
    ];
    for (keys, signature, holds) in cases {
        let result = check(&verifier(keys), &standard_headers(&signature, &time), BODY);
        assert_eq!(result.is_ok(), holds, "{keys:?} {signature}: {result:?}");
    }
}

#[test]
fn the_time_of_standard_webhooks_is_checked_and_each_header_needed_once() {
    let secret = STANDARD.decode(&SECRET[6..]).unwrap();
    for (off, holds) in [(300, true), (-300, true), (301, false), (-301, false)] {
        let time = (NOW + off).to_string();
        let v1 = v1(&secret, &time);
        let result = check(&verifier(&[SECRET]), &standard_headers(&v1, &time), BODY);
        assert_eq!(result.is_ok(), holds, "{off}: {result:?}");
    }
    let time = NOW.to_string();
    let v1 = v1(&secret, &time);
    for time in ["", "-1", "+1739175965", "1739175965.0", "99999999999999999999", "now"] {
        let result = check(&verifier(&[SECRET]), &standard_headers(&v1, time), BODY);
        assert!(result.is_err(), "{time}");
    }
    let all = standard_headers(&v1, &time);
    for without in 0..3 {
        let mut some = all.to_vec();
        some.remove(without);
        assert!(check(&verifier(&[SECRET]), &some, BODY).is_err(), "{without} is missing");
        let mut twice = all.to_vec();
        twice.push(all[without]);
        assert!(check(&verifier(&[SECRET]), &twice, BODY).is_err(), "{without} is there twice");
    }
}

/// Svix itself, and most that use it, still send the scheme under its first names. A
/// signature that was right was refused for want of a header.
#[test]
fn svix_header_names_count_but_are_never_mixed_with_the_others() {
    let time = NOW.to_string();
    let sign = |id: &str| {
        let content = [id.as_bytes(), b".", time.as_bytes(), b".", BODY].concat();
        let secret = STANDARD.decode(&SECRET[6..]).unwrap();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), &content);
        format!("v1,{}", STANDARD.encode(tag))
    };
    let (one, two) = (sign("one"), sign("two"));
    let svix = [("svix-id", "one"), ("Svix-Timestamp", &*time), ("svix-signature", &*one)];
    let webhook =
        [("webhook-id", "two"), ("webhook-timestamp", &*time), ("webhook-signature", &*two)];
    let verifier = verifier(&[SECRET]);
    assert_eq!(check(&verifier, &svix, BODY), Ok(Scheme::Svix));
    let both = [svix, webhook].concat();
    assert_eq!(check(&verifier, &both, BODY), Ok(Scheme::Standard));
    let pairs = both.iter().map(|(name, value)| (*name, value.as_bytes()));
    let picked = SignatureHeaders::pick(pairs);
    // The id is that of the set that counts, and none where no signature covers it.
    assert_eq!(picked.delivery_id(Some(Scheme::Standard), true), Some("two"));
    assert_eq!(picked.delivery_id(Some(Scheme::Svix), true), Some("one"));
    assert_eq!(picked.delivery_id(Some(Scheme::Ghl), true), None);
    assert_eq!(picked.delivery_id(None, false), Some("two"));

    // No set is completed from the other: an id or a time that nobody signed.
    for at in 0..3 {
        let (mut of_svix, mut of_webhook) = (svix.to_vec(), webhook.to_vec());
        of_svix[at] = webhook[at];
        of_webhook[at] = svix[at];
        for mixed in [of_svix, of_webhook] {
            check(&verifier, &mixed, BODY).unwrap_err();
        }
    }
    let mut twice = svix.to_vec();
    twice.push(svix[2]);
    check(&verifier, &twice, BODY).unwrap_err();
    let refused = check(&verifier, &[], BODY).unwrap_err();
    assert!(refused.contains("`webhook-signature` or `svix-signature`"), "{refused}");
    let refused = check(&verifier, &svix[1..], BODY).unwrap_err();
    assert!(refused.contains("`svix-id` is missing"), "{refused}");
}

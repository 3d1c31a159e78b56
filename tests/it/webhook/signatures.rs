//! Signatures: what is let in, and everything near it that is not.

use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use relata::Timestamp;
use relata::signature::{Scheme, SignatureHeaders, Verifier, WebhookKey, diagnose};

use crate::support::long;

pub(super) const NOW: i64 = 1_739_175_965;
pub(super) const BODY: &[u8] =
    br#"{"id":"67ade73d1119d2ac7ad0c475","associationType":"USER_DEFINED"}"#;

pub(super) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(super) fn now() -> Timestamp {
    Timestamp::from_millis(NOW * 1_000)
}

fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
        .collect()
}

pub(super) fn verifier(keys: &[&str]) -> Verifier {
    Verifier::new(
        keys.iter().map(|key| key.parse::<WebhookKey>().unwrap()),
        Duration::from_secs(300),
    )
}

pub(super) fn check(
    verifier: &Verifier,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Scheme, String> {
    let pairs = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
    verifier.verify(&SignatureHeaders::pick(pairs), body, now()).map_err(|e| e.to_string())
}

pub(super) fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn own() -> Verifier {
    verifier(&[&format!("ed25519:{}", STANDARD.encode(pair().public_key()))])
}

/// RFC 8032, section 7.1: public key, message, signature.
const RFC_8032: [(&str, &str, &str); 4] = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
];

#[test]
fn the_vectors_of_rfc_8032_hold_for_every_form_of_the_key() {
    for (key, message, signature) in RFC_8032 {
        let raw = hex(key);
        let spki = [&hex("302a300506032b6570032100")[..], &raw].concat();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(&spki)
        );
        for form in [key.to_owned(), STANDARD.encode(&raw), STANDARD.encode(&spki), pem] {
            let verifier = verifier(&[&format!("ed25519:{form}")]);
            let signature = STANDARD.encode(hex(signature));
            let held = check(&verifier, &[("X-GHL-SIGNATURE", &signature)], &hex(message));
            assert_eq!(held, Ok(Scheme::Ghl));
            let other = [&hex(message)[..], b"x"].concat();
            assert!(check(&verifier, &[("x-ghl-signature", &signature)], &other).is_err());
        }
    }
}

/// The order of the curve's group, little-endian.
const GROUP_ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

/// `a + b`, little-endian, over 32 bytes.
fn sum(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0u16;
    a.iter()
        .zip(b)
        .map(|(a, b)| {
            carry += u16::from(*a) + u16::from(*b);
            let [low, high] = carry.to_le_bytes();
            carry = u16::from(high);
            low
        })
        .collect()
}

/// Signatures that must not hold, after the classes of Project Wycheproof's
/// tests of Ed25519.
fn near_signatures(good: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let (r, s) = good.split_at(32);
    let order = hex(GROUP_ORDER);
    let join = |r: &[u8], s: &[u8]| [r, s].concat();
    let mut flipped = vec![];
    for bit in [0, 7, 255, 256, 300, 511] {
        let mut changed = good.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        flipped.push(("a flipped bit", changed));
    }
    let mut near = vec![
        ("empty", vec![]),
        ("s missing", r.to_vec()),
        ("truncated", good[..63].to_vec()),
        ("a byte appended", [good, &[0]].concat()),
        ("a zero before it", [&[0], good].concat()),
        ("doubled", [good, good].concat()),
        ("s = 0", join(r, &[0; 32])),
        ("s = 1", join(r, &[&[1][..], &[0; 31]].concat())),
        ("s = group order", join(r, &order)),
        ("s + group order (malleable)", join(r, &sum(s, &order))),
        ("s + 2 × group order", join(r, &sum(&sum(s, &order), &order))),
        ("s = 2²⁵⁶ - 1", join(r, &[0xff; 32])),
        ("s with its highest bit set", join(r, &[&s[..31], &[s[31] | 0x80]].concat())),
        ("r = 0", join(&[0; 32], s)),
        ("r = neutral point", join(&[&[1][..], &[0; 31]].concat(), s)),
        ("r = 2²⁵⁶ - 1", join(&[0xff; 32], s)),
        (
            "r = p",
            join(&hex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), s),
        ),
        ("all zero", vec![0; 64]),
        ("all ones", vec![0xff; 64]),
        ("r and s swapped", join(s, r)),
        ("s reversed", join(r, &s.iter().rev().copied().collect::<Vec<_>>())),
    ];
    near.extend(flipped);
    near
}

#[test]
fn ed25519_signatures_that_are_nearly_right_are_refused() {
    let good = pair().sign(BODY).as_ref().to_vec();
    assert_eq!(
        check(&own(), &[("x-ghl-signature", &STANDARD.encode(&good))], BODY),
        Ok(Scheme::Ghl)
    );
    long::tell("forged signatures", near_signatures(&good).len());
    for (class, signature) in near_signatures(&good) {
        let text = STANDARD.encode(signature);
        assert!(check(&own(), &[("x-ghl-signature", &text)], BODY).is_err(), "{class}");
    }
    let text = STANDARD.encode(&good);
    let mut other_bits = text.clone().into_bytes();
    // 64 bytes leave four unused bits in the last character but two.
    other_bits[85] += 1;
    let texts = [
        ("N/A", "N/A".to_owned()),
        ("n/a", "n/a".to_owned()),
        ("empty", String::new()),
        ("no padding", STANDARD_NO_PAD.encode(&good)),
        ("two paddings", format!("{text}==")),
        ("the alphabet of URLs", URL_SAFE.encode([&good[..62], &[0xff, 0xff]].concat())),
        ("unused bits that are set", String::from_utf8(other_bits).unwrap()),
        ("hex", good.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))),
        ("a scheme before it", format!("ed25519={text}")),
        ("two in a list", format!("{text}, {text}")),
        ("a space inside", format!("{} {}", &text[..40], &text[40..])),
        ("text behind it", format!("{text};")),
        ("a NUL behind it", format!("{text}\0")),
        ("very long", "A".repeat(70_000)),
        ("not ASCII", "é".repeat(44)),
    ];
    long::tell("forged signatures", texts.len());
    for (class, text) in texts {
        assert!(check(&own(), &[("x-ghl-signature", &text)], BODY).is_err(), "{class}");
    }
    for changed in
        [&b""[..], &BODY[1..], &[BODY, b"\n"].concat(), &[b"\xef\xbb\xbf", BODY].concat()]
    {
        assert!(check(&own(), &[("x-ghl-signature", &text)], changed).is_err());
    }
}

#[test]
fn rsa_signatures_count_only_if_enabled_and_well_formed() {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let sign = |padding: &'static dyn RsaEncoding, body: &[u8]| {
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(padding, &SystemRandom::new(), body, &mut signature).unwrap();
        signature
    };
    let spki = STANDARD.encode(key.public_key().as_der().unwrap().as_ref() as &[u8]);
    let verifier = verifier(&[&format!("rsa:{spki}")]);
    let good = sign(&RSA_PKCS1_SHA256, BODY);
    let text = STANDARD.encode(&good);
    assert_eq!(check(&verifier, &[("x-wh-signature", &text)], BODY), Ok(Scheme::Wh));
    let refused = check(&own(), &[("x-wh-signature", &text)], BODY);
    assert_eq!(refused.unwrap_err(), "the delivery is not signed: no `X-GHL-Signature` header");

    let near = [
        ("another body", sign(&RSA_PKCS1_SHA256, b"{}")),
        ("SHA-384", sign(&RSA_PKCS1_SHA384, BODY)),
        ("SHA-512", sign(&RSA_PKCS1_SHA512, BODY)),
        ("PSS", sign(&RSA_PSS_SHA256, BODY)),
        ("truncated", good[..255].to_vec()),
        ("a zero before it", [&[0], &good[..]].concat()),
        ("a zero behind it", [&good[..], &[0]].concat()),
        ("zero", vec![0; 256]),
        ("one", [&[0; 255][..], &[1]].concat()),
        ("ones", vec![0xff; 256]),
        ("empty", vec![]),
    ];
    long::tell("forged signatures", near.len());
    for (class, signature) in near {
        let text = STANDARD.encode(signature);
        assert!(check(&verifier, &[("x-wh-signature", &text)], BODY).is_err(), "{class}");
    }
}

#[test]
fn no_header_downgrades_to_a_weaker_scheme() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let mut signature = vec![0; rsa.public_modulus_len()];
    rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), BODY, &mut signature).unwrap();
    let wh = STANDARD.encode(signature);
    let ghl = STANDARD.encode(pair().sign(BODY));
    let wrong = STANDARD.encode(pair().sign(b"another body"));
    let keys = [
        format!("ed25519:{}", STANDARD.encode(pair().public_key())),
        format!("rsa:{}", STANDARD.encode(rsa.public_key().as_der().unwrap().as_ref() as &[u8])),
    ];
    let verifier = verifier(&[&keys[0], &keys[1]]);
    let refusal = |headers: &[(&str, &str)]| check(&verifier, headers, BODY).unwrap_err();

    let both = [("x-wh-signature", "AAAA"), ("x-ghl-signature", &*ghl)];
    assert_eq!(check(&verifier, &both, BODY), Ok(Scheme::Ghl), "only Ed25519 counts");
    assert_eq!(check(&verifier, &[("x-wh-signature", &wh)], BODY), Ok(Scheme::Wh));
    for bad in [&*wrong, "N/A", "", "AAAA", "*"] {
        refusal(&[("x-ghl-signature", bad), ("x-wh-signature", &wh)]);
        refusal(&[("x-wh-signature", &wh), ("X-GHL-Signature", bad)]);
    }
    refusal(&[("x-wh-signature", "N/A")]);
    refusal(&[("x-ghl-signature", &ghl), ("x-ghl-signature", &ghl)]);
    refusal(&[("x-ghl-signature", &wrong), ("x-ghl-signature", &ghl)]);
    refusal(&[("x-wh-signature", &wh), ("x-wh-signature", &wh)]);
    assert_eq!(
        refusal(&[]),
        "the delivery is not signed: no `X-GHL-Signature` or `X-WH-Signature` header"
    );
    assert_eq!(
        refusal(&[("x-ghl-signature", "N/A")]),
        "`X-GHL-Signature` is `N/A`: the sender did not sign the delivery"
    );
}

/// A relay signs what it passes on by a scheme of its own. The sender's signature, for
/// which there is a key, was not looked at.
#[test]
fn a_signature_without_a_key_does_not_hide_one_with_a_key() {
    let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), BODY, &mut signature).unwrap();
    let wh = STANDARD.encode(signature);
    let spki = STANDARD.encode(key.public_key().as_der().unwrap().as_ref() as &[u8]);
    let verifier = verifier(&[&format!("rsa:{spki}")]);
    for foreign in ["webhook-signature", "svix-signature"] {
        let headers = [(foreign, "v1,AAAA"), ("x-wh-signature", &*wh)];
        assert_eq!(check(&verifier, &headers, BODY), Ok(Scheme::Wh));
        check(&verifier, &headers, b"another").unwrap_err();
        check(&verifier, &headers[..1], BODY).unwrap_err();
    }
}

#[test]
fn keys_are_read_from_files_and_bad_ones_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    let read = |content: &str| {
        std::fs::write(&path, content).unwrap();
        let keys = WebhookKey::read(path.to_str().unwrap());
        keys.map(|keys| format!("{keys:?}")).map_err(|error| error.to_string())
    };
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let rsa = STANDARD.encode(rsa.public_key().as_der().unwrap().as_ref() as &[u8]);
    let pem =
        |base64: &str| format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
    let two = pem("MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg=") + &pem(&rsa);
    assert_eq!(read(&two).unwrap(), "[WebhookKey(ed25519), WebhookKey(rsa)]");
    let lines = format!("# rotated in May\n{SECRET} # old\n\nrsa:highlevel\ned25519:highlevel\n");
    assert_eq!(
        read(&lines).unwrap(),
        "[WebhookKey(standard v1), WebhookKey(rsa), WebhookKey(ed25519)]"
    );
    assert_eq!(read(&format!("\u{feff}{lines}")).unwrap(), read(&lines).unwrap());
    assert_eq!(read(&format!("\u{feff}{SECRET}")).unwrap(), "[WebhookKey(standard v1)]");
    for bad in [
        "",
        "# nothing",
        "ed25519:AAAA",
        "rsa:AAAA",
        "md5:AAAA",
        "whsec_c2hvcnQ=",
        "whpk_AAAA",
        "standard:MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "-----BEGIN PUBLIC KEY-----\nAAAA",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
    let missing = WebhookKey::read("/there/is/no/such/file").unwrap_err().to_string();
    assert!(missing.starts_with("neither SCHEME:VALUE nor a file"), "{missing}");
    assert!(!format!("{:?}", SECRET.parse::<WebhookKey>().unwrap()).contains("MfKQ"));
}

#[test]
fn the_likely_mistake_is_named() {
    let signed = br#"{"b":"a \" b","a":[1,2]}"#;
    let signature = STANDARD.encode(pair().sign(signed));
    let advice = |verifier: &Verifier, headers: &[(&str, &str)], body: &[u8]| {
        let pairs = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        let found = diagnose(verifier, &SignatureHeaders::pick(pairs), [body], now());
        (found.verdict.is_ok(), found.advice.unwrap_or_default())
    };
    let check = |body: &[u8], expected: &str| {
        let (held, advice) = advice(&own(), &[("x-ghl-signature", &signature)], body);
        assert!(!held && advice.contains(expected), "{}: {advice}", String::from_utf8_lossy(body));
    };
    let told = advice(&own(), &[("x-ghl-signature", &signature)], signed);
    assert_eq!(told, (true, ""));
    check(b"{ \"b\": \"a \\\" b\",\r\n  \"a\": [1, 2] }", "changed on its way");
    check(b"{\"b\":\"a \\\" b\",\"a\":[1,2]}\n", "changed on its way");
    check(br#"{"b":"a \" b","a":[1,3]}"#, "published key is not among them");
    let published = Verifier::default();
    let told = advice(&published, &[("x-ghl-signature", &signature)], signed);
    assert!(told.1.contains("matches none of the keys"), "{told:?}");
    for (headers, expected) in [
        (&[][..], "dropped the header"),
        (&[("x-ghl-signature", "N/A")][..], "check the webhook's settings"),
        (&[("x-wh-signature", "AAAA")][..], "rsa:highlevel"),
        (&[("x-ghl-signature", "AAAA")][..], "88 characters"),
        (
            &[("webhook-signature", "v1,AAAA"), ("webhook-id", "1"), ("webhook-timestamp", "5")][..],
            "clock",
        ),
    ] {
        let told = advice(&published, headers, signed);
        assert!(!told.0 && told.1.contains(expected), "{headers:?}: {told:?}");
    }
}

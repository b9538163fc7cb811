//! Signed receipts: after a restore it can be proved that the server had what it has lost.

use serde_json::Value;
use tests::processes::{COMMUNITY, Device, Programs, Site, text};

const PROGRAMS: Programs = Programs {
    server: env!("CARGO_BIN_EXE_koumen-server-under-test"),
    device: env!("CARGO_BIN_EXE_koumen-device-under-test"),
};

fn visit(device: &Device, note: &str) {
    device.ok(&["visit", "--door", "3-2-501", "--outcome", "met", "--note", note]);
}

#[test]
fn a_receipt_proves_what_a_restored_server_has_lost() {
    let mut site = Site::new(PROGRAMS);
    site.add_user("zhao", "member");
    site.start();
    let phone = site.enrolled("phone", "zhao");
    assert_eq!(phone.ok(&["show", "receipt"]), Vec::<Value>::new());
    phone.ok(&["household", "--area", COMMUNITY, "--door", "3-2-501"]);
    phone.ok(&["sync"]);
    let backup = site.path("backup");
    site.koumen(&["backup", &backup.to_string_lossy()], "");
    visit(&phone, "备份后");
    phone.ok(&["sync"]);
    let receipt = phone.ok(&["show", "receipt"]).remove(0);
    assert_eq!(
        (&receipt["through_seq"], &receipt["is_checked"]),
        (&2.into(), &true.into())
    );
    let check = |receipt: &Value| {
        let output = site.try_koumen(&["check-receipt"], &receipt.to_string());
        (output.status.success(), text(&output.stdout))
    };
    let (genuine, said) = check(&receipt);
    assert!(genuine && said.contains("it holds them now"), "{said}");
    site.stop();
    site.koumen(&["restore", &backup.to_string_lossy(), "--force"], "");
    let check = |receipt: &Value| {
        let output = site.try_koumen(&["check-receipt"], &receipt.to_string());
        (output.status.success(), text(&output.stdout))
    };
    let (genuine, said) = check(&receipt);
    assert!(
        genuine && said.contains("operations 1 to 2") && said.contains("holds 1 of them"),
        "{said}"
    );
    // The control: any other claim is not believed.
    for (name, value) in [
        ("through_seq", Value::from(3)),
        ("signed_at", Value::from(1)),
        ("epoch", Value::from("00000000-0000-4000-8000-000000000000")),
        ("chain", Value::from("00".repeat(32))),
        ("key", Value::from("00".repeat(32))),
        ("signature", Value::from("00".repeat(64))),
    ] {
        let mut forged = receipt.clone();
        forged[name] = value;
        let (genuine, said) = check(&forged);
        assert!(!genuine && said.contains("not genuine"), "{name}: {said}");
    }
    for nonsense in [
        "",
        "{}",
        "[1]",
        &receipt.to_string().replace("\"key\":\"", "\"key\":\"zz"),
    ] {
        let output = site.try_koumen(&["check-receipt"], nonsense);
        assert!(!output.status.success());
        assert!(!text(&output.stderr).contains("panicked"), "{output:?}");
    }
}

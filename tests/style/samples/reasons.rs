//! Silenced lints with and without a reason: #[allow(dead_code)] in text is none.

#[allow(dead_code)] // <- rejected
fn unused() {}

#[allow(dead_code)] // read by the debugger's pretty printer only
fn used_by_others() {}

// The kernel's structure has this shape.
#[allow(clippy::struct_field_names)]
struct Message {
    message_octets: u8,
}

/// A documentation comment explains the item, not the allowance.
#[allow(clippy::struct_field_names)] // <- rejected
struct Other {
    other_octets: u8,
}

#[expect(clippy::too_many_lines, reason = "a table of field grammars, one line each")]
fn table() {}

fn call() {
    unsafe { libc::sync() } // <- rejected
    // SAFETY: no arguments, no memory
    unsafe { libc::sync() }
}

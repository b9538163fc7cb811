//! Server-sent events, only counted: what a notice says is "look again".

/// The first bytes of a line that tell `data` and `event` from everything else, including what may follow.
const FIELD_BYTES_MAX: usize = 6;

/// Reads an event stream in chunks that are cut anywhere. Keeps a few bytes, however long a line is.
#[derive(Debug, Default)]
pub(super) struct Events {
    field: Vec<u8>,
    after_return: bool,
    has_content: bool,
}

impl Events {
    /// How many events ended in this chunk. Comments, which keep the connection alive, are none.
    pub(super) fn read(&mut self, chunk: &[u8]) -> usize {
        chunk.iter().filter(|byte| self.take(**byte)).count()
    }

    fn take(&mut self, byte: u8) -> bool {
        // `\r\n` ends one line, not two.
        let second_half = byte == b'\n' && self.after_return;
        self.after_return = byte == b'\r';
        match byte {
            b'\n' if second_half => false,
            b'\n' | b'\r' => self.end_line(),
            _ => {
                if self.field.len() < FIELD_BYTES_MAX {
                    self.field.push(byte);
                }
                false
            }
        }
    }

    /// An empty line ends an event that said anything.
    fn end_line(&mut self) -> bool {
        if self.field.is_empty() {
            return std::mem::take(&mut self.has_content);
        }
        let name = self.field.split(|byte| *byte == b':').next().unwrap_or_default();
        self.has_content |= name == b"data" || name == b"event";
        self.field.clear();
        false
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(stream: &str, expect: usize) {
        assert_eq!(Events::default().read(stream.as_bytes()), expect, "{stream:?}");
    }

    #[test]
    fn an_event_ends_with_an_empty_line() {
        check("event: changed\n\n", 1);
        check("data: 7\n\n", 1);
        check("event: changed\ndata: 7\n\ndata\n\n", 2);
        check("event: changed\r\ndata: 7\r\n\r\n", 1);
        check("data: a\r\rdata: b\r\r", 2);
        check("data: not ended yet\n", 0);
    }

    #[test]
    fn a_keep_alive_is_no_event() {
        check(": still here\n\n:\n\n\n\n", 0);
        check("retry: 1000\nid: 4\n\n", 0);
        check("database: no field of ours\n\nevents: neither\n\n", 0);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_chunks_are_cut(
            pieces in proptest::collection::vec(
                prop::sample::select(vec!["event: changed", "data: 1", ": alive", "\n", "\n\n", "\r\n", "\r", "x"]),
                0..40,
            ),
            cuts in proptest::collection::vec(0usize..400, 0..10),
        ) {
            let stream: String = pieces.concat();
            let whole = Events::default().read(stream.as_bytes());
            let mut at: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            at.extend([0, stream.len()]);
            at.sort_unstable();
            let mut events = Events::default();
            let cut: usize = at.windows(2).map(|pair| events.read(&stream.as_bytes()[pair[0]..pair[1]])).sum();
            prop_assert_eq!(whole, cut);
        }

        #[test]
        fn any_bytes_are_read_in_bounded_memory(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let mut events = Events::default();
            events.read(&bytes);
            prop_assert!(events.field.len() <= FIELD_BYTES_MAX);
        }
    }
}

//! The only unsafe code of this program: libyaml's events as a safe iterator over owned data with byte offsets.
#![expect(unsafe_code, reason = "unsafe-libyaml has a C interface; this file is the wall around it")]

use std::ffi::CStr;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use unsafe_libyaml as unsafe_sys;

/// One event and the bytes it was read from. The start of a value includes its anchor and tag.
#[derive(Debug)]
pub(super) struct Event {
    pub kind: EventKind,
    pub start: usize,
    pub end: usize,
}

/// What libyaml saw.
#[derive(Debug)]
pub(super) enum EventKind {
    StreamStart,
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    Alias(Box<str>),
    Scalar { properties: Properties, value: Box<str>, style: ScalarStyle },
    SequenceStart { properties: Properties, flow: bool },
    SequenceEnd,
    MappingStart { properties: Properties, flow: bool },
    MappingEnd,
}

/// Anchor and tag of a value.
#[derive(Debug, Default)]
pub(super) struct Properties {
    pub anchor: Option<Box<str>>,
    pub tag: Option<Box<str>>,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalarStyle {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

/// Why libyaml could not go on, in its own words.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub problem: String,
    pub offset: usize,
    /// What it was reading, and where that began.
    pub context: Option<(String, usize)>,
}

/// The events of a text without a byte order mark. It ends after the end of the stream or after the first error.
pub(super) struct Events<'t> {
    /// From `Box::into_raw`; initialised as long as `self` lives, and never moved, because libyaml keeps a pointer
    /// to it.
    parser: *mut unsafe_sys::yaml_parser_t,
    done: bool,
    text: PhantomData<&'t str>,
}

impl<'t> Events<'t> {
    pub fn new(text: &'t str) -> Self {
        let parser =
            Box::into_raw(Box::<unsafe_sys::yaml_parser_t>::new_uninit()).cast::<unsafe_sys::yaml_parser_t>();
        // SAFETY: `parser` points to writable memory of the right size and alignment, which `initialize` fills. The
        // text outlives the parser through the lifetime `'t`, and its length is exact.
        let done = unsafe {
            let failed = unsafe_sys::yaml_parser_initialize(parser).fail;
            if !failed {
                unsafe_sys::yaml_parser_set_encoding(parser, unsafe_sys::YAML_UTF8_ENCODING);
                unsafe_sys::yaml_parser_set_input_string(parser, text.as_ptr(), text.len() as u64);
            }
            failed
        };
        Self { parser, done, text: PhantomData }
    }

    fn error(&self) -> SyntaxError {
        // SAFETY: the parser is initialised, and its messages are static C strings or null.
        unsafe {
            let parser = &*self.parser;
            let is_reader_error = parser.error == unsafe_sys::YAML_READER_ERROR;
            let mark = if is_reader_error { parser.problem_offset } else { parser.problem_mark.index };
            let context =
                text_of(parser.context.cast()).map(|text| (text.into(), parser.context_mark.index as usize));
            SyntaxError {
                problem: text_of(parser.problem.cast())
                    .map_or_else(|| "out of memory".to_owned(), Into::into),
                offset: mark as usize,
                context,
            }
        }
    }
}

impl Iterator for Events<'_> {
    type Item = Result<Event, SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let mut raw = MaybeUninit::<unsafe_sys::yaml_event_t>::uninit();
        // SAFETY: the parser is initialised and had no error so far (`done` is set by the first one). On success
        // `parse` fills the event; it is copied into owned data and deleted exactly once.
        let event = unsafe {
            if unsafe_sys::yaml_parser_parse(self.parser, raw.as_mut_ptr()).fail {
                self.done = true;
                return Some(Err(self.error()));
            }
            let event = convert(&*raw.as_ptr());
            unsafe_sys::yaml_event_delete(raw.as_mut_ptr());
            event
        };
        self.done = matches!(event.kind, EventKind::StreamEnd);
        Some(Ok(event))
    }
}

impl Drop for Events<'_> {
    fn drop(&mut self) {
        // SAFETY: `new` made the parser with `Box::into_raw` and `initialize`, which leaves it in a state that
        // `delete` accepts even where it failed; nothing uses it after this.
        unsafe {
            unsafe_sys::yaml_parser_delete(self.parser);
            drop(Box::from_raw(self.parser.cast::<MaybeUninit<unsafe_sys::yaml_parser_t>>()));
        }
    }
}

/// Copies an event out of libyaml's memory.
///
/// # Safety
/// `event` was filled by a successful `yaml_parser_parse` and is not deleted yet.
unsafe fn convert(event: &unsafe_sys::yaml_event_t) -> Event {
    // SAFETY: the type says which member of the union is filled; its strings are null or end with NUL, and a
    // scalar's value has the length that stands beside it.
    let kind = unsafe {
        match event.type_ {
            unsafe_sys::YAML_STREAM_START_EVENT => EventKind::StreamStart,
            unsafe_sys::YAML_DOCUMENT_START_EVENT => EventKind::DocumentStart,
            unsafe_sys::YAML_DOCUMENT_END_EVENT => EventKind::DocumentEnd,
            unsafe_sys::YAML_ALIAS_EVENT => {
                EventKind::Alias(text_of(event.data.alias.anchor).unwrap_or_default())
            }
            unsafe_sys::YAML_SCALAR_EVENT => {
                let scalar = &event.data.scalar;
                let bytes = std::slice::from_raw_parts(scalar.value, scalar.length as usize);
                EventKind::Scalar {
                    properties: properties(scalar.anchor, scalar.tag),
                    value: String::from_utf8_lossy(bytes).into(),
                    style: style_of(scalar.style),
                }
            }
            unsafe_sys::YAML_SEQUENCE_START_EVENT => {
                let start = &event.data.sequence_start;
                let flow = start.style == unsafe_sys::YAML_FLOW_SEQUENCE_STYLE;
                EventKind::SequenceStart { properties: properties(start.anchor, start.tag), flow }
            }
            unsafe_sys::YAML_SEQUENCE_END_EVENT => EventKind::SequenceEnd,
            unsafe_sys::YAML_MAPPING_START_EVENT => {
                let start = &event.data.mapping_start;
                let flow = start.style == unsafe_sys::YAML_FLOW_MAPPING_STYLE;
                EventKind::MappingStart { properties: properties(start.anchor, start.tag), flow }
            }
            unsafe_sys::YAML_MAPPING_END_EVENT => EventKind::MappingEnd,
            _ => EventKind::StreamEnd,
        }
    };
    Event { kind, start: event.start_mark.index as usize, end: event.end_mark.index as usize }
}

fn style_of(style: unsafe_sys::yaml_scalar_style_t) -> ScalarStyle {
    match style {
        unsafe_sys::YAML_SINGLE_QUOTED_SCALAR_STYLE => ScalarStyle::Single,
        unsafe_sys::YAML_DOUBLE_QUOTED_SCALAR_STYLE => ScalarStyle::Double,
        unsafe_sys::YAML_LITERAL_SCALAR_STYLE => ScalarStyle::Literal,
        unsafe_sys::YAML_FOLDED_SCALAR_STYLE => ScalarStyle::Folded,
        _ => ScalarStyle::Plain,
    }
}

/// # Safety
/// Both are null or C strings.
unsafe fn properties(anchor: *const u8, tag: *const u8) -> Properties {
    // SAFETY: as promised by the caller.
    unsafe { Properties { anchor: text_of(anchor), tag: text_of(tag) } }
}

/// # Safety
/// `text` is null or a C string.
unsafe fn text_of(text: *const u8) -> Option<Box<str>> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not null, so it is a C string, as promised by the caller.
    let text = unsafe { CStr::from_ptr(text.cast()) };
    Some(text.to_string_lossy().into())
}

//! The program's allocator.

/// Plans and batches are many small allocations and few large ones: a third of planning a query was spent in the
/// system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long freed memory stays the process's own, in milliseconds. People think between two queries; with the library's
/// second, each query gets its memory from the system anew, page by page, which was a tenth of its time.
const KEPT_MS: std::ffi::c_long = 10_000;

/// `mi_option_purge_delay` of mimalloc's `mi_option_t`, between the two that the bindings name (14 and 16).
const PURGE_DELAY: libmimalloc_sys::mi_option_t = libmimalloc_sys::mi_option_use_numa_nodes - 1;

/// Keeps freed memory for the next query, unless the environment (`MIMALLOC_PURGE_DELAY`) says otherwise.
#[allow(
    unsafe_code,
    reason = "the library offers this setting only so; measured in docs/benchmarks.md"
)]
pub(crate) fn keep_freed_memory() {
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        // SAFETY: sets a number that the allocator reads atomically, valid at any time and on any thread.
        unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, KEPT_MS) };
    }
}

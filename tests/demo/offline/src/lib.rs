#[no_mangle]
pub extern "C" fn answer() -> u32 {
    if pyprobe::CONFIG.starts_with("implementation=CPython\n") { 42 } else { 0 }
}

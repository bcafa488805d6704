//! Asks the interpreter that PYO3_PYTHON names, and hands its answer on, as the script of pyo3-build-config does.
use std::{env, fs, path::Path, process::Command};

const QUESTION: &str = "
import platform, struct, sys, sysconfig
print('implementation=' + platform.python_implementation())
print('version=%d.%d' % sys.version_info[:2])
print('shared=true')
print('abi3=false')
print('lib_dir=' + str(sysconfig.get_config_var('LIBDIR')))
print('executable=' + sys.executable)
print('pointer_width=%d' % (struct.calcsize('P') * 8))
print('build_flags=')
print('suppress_build_script_link_lines=false')
";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PYO3_PYTHON");
    let python = env::var_os("PYO3_PYTHON").expect("PYO3_PYTHON");
    let asked = Command::new(python).arg("-c").arg(QUESTION).output().expect("python runs");
    assert!(asked.status.success());
    let hex: String = asked.stdout.iter().map(|byte| format!("{byte:02x}")).collect();
    println!("cargo:PYO3_CONFIG={hex}");
    let out = Path::new(&env::var_os("OUT_DIR").unwrap()).join("pyo3-build-config.txt");
    fs::write(out, &asked.stdout).unwrap();
}

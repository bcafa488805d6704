use pyo3::prelude::*;

#[pyfunction]
fn answer() -> u32 {
    helper::answer()
}

#[pymodule]
fn answers(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_function(wrap_pyfunction!(answer, m)?)
}

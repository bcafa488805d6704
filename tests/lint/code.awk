# Prints C code without comments and without the contents of strings, each line as FILE:LINE:TEXT.
FNR == 1 { inside = 0 }
{
    text = $0
    out = ""
    while (text != "") {
        if (inside) {
            end = index(text, "*/")
            if (end == 0) { text = ""; break }
            text = substr(text, end + 2)
            inside = 0
        } else if (substr(text, 1, 2) == "/*") {
            inside = 1
            text = substr(text, 3)
        } else if (match(text, /^"([^"\\]|\\.)*"/)) {
            out = out "\"\""
            text = substr(text, RLENGTH + 1)
        } else if (match(text, /^'([^'\\]|\\.)+'/)) {
            out = out "0"
            text = substr(text, RLENGTH + 1)
        } else {
            out = out substr(text, 1, 1)
            text = substr(text, 2)
        }
    }
    if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
}

/*
 * Where rustc's metadata (lib.rmeta, in an rlib or beside it) names the unit's own source files.
 *
 * rustc notes for each source file its path, the directory it was compiled in before it, so nearly every library holds
 * the root of its work tree. That place means nothing for what the library does. Any other one may: a procedural macro
 * can have put it there.
 *
 *	 <n> /ws/src/lib.rs C1                                 00 20 <32 bytes>	until rustc 1.94 or so
 *	 <n> src/lib.rs C1  <n> /ws C1  <n> /ws/src/lib.rs C1  00 00 20 <32 bytes>	since
 *	 <n> /out/x.rs C1  <n> /ws C1  <n> /out/x.rs C1  00 00 20 <32 bytes>		since, of one elsewhere
 *
 * <n> is the length of what follows in LEB128, C1 ends a text; 00 (to 03) is the kind of digest, 20 its room. Seen with rustc
 * 1.63, 1.85, 1.95, 1.96 and 1.97.
 *
 * Sources: rustc's own: rustc_span's SourceFile and RealFileName, rustc_serialize's emit_str (STR_SENTINEL).
 */
#ifndef STEADY_FORMAT_RUSTCMETA_H
#define STEADY_FORMAT_RUSTCMETA_H

#include "steady/format/rustcdep.h"
#include "steady/util/base.h"
#include "steady/util/span.h"

/**
 * Does the text (an rlib, an rmeta, or any other output) hold the directory `root` anywhere but where rustc names the source
 * files that `own` lists? What is not exactly as above counts as held, and so do files that `own` lists by full paths, unless
 * `full`.
 */
bool rustcmeta_holds(struct span text, struct span root, bool full, const struct rustcdep *own);
/** The directory below which rustc notes the source file `own` (a relative path), inside `text`; false if there is none. */
bool rustcmeta_root(struct span text, struct span own, struct span *ret);

#endif

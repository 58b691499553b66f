// How this process asks the system for memory.
#pragma once

namespace mreg {

// Keeps freed blocks of up to 32 MiB for reuse. Chunks come and go in blocks of about a mebibyte,
// which glibc's malloc would otherwise map and unmap each time: faulting the pages in again took 40
// % of the time of encoding a chunk of fp32 weights. To be called once, before other threads run.
void ReuseLargeBlocks();

}  // namespace mreg

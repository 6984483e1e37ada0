// Limits the CPU threads of libtorch and of the BLAS below it.
#pragma once

namespace digits {

// To be called once, before the first tensor.
void set_threads(int count);

}  // namespace digits

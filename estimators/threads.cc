// Limits the CPU threads of libtorch and of the BLAS below it.
#include "estimators/threads.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

namespace digits {

void set_threads(int count) {
  at::set_num_threads(count);
  at::set_num_interop_threads(1);
  // The pthread flavour of OpenBLAS does not listen to OpenMP and would take every core. The symbol
  // is looked up because the BLAS is the administrator's choice: any other one simply has no such
  // symbol.
  using SetThreads = void (*)(int);
  if (void* symbol = ::dlsym(RTLD_DEFAULT, "openblas_set_num_threads"); symbol != nullptr) {
    reinterpret_cast<SetThreads>(symbol)(count);
  }
}

}  // namespace digits

#include "schema/base/sha256.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace mreg {
namespace {

// Fetched once: looking an algorithm up by name costs more than hashing a small chunk.
const EVP_MD* Algorithm() {
  static EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return md;
}

// Hashing memory fails only when OpenSSL cannot allocate or has no SHA-256 at all.
void Require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() { Reset(); }
  ~State() { EVP_MD_CTX_free(context); }
  void Reset() { Require(EVP_DigestInit_ex2(context, Algorithm(), nullptr) == 1); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::Update(ByteView data) {
  Require(EVP_DigestUpdate(state_->context, data.data(), data.size()) == 1);
}

Bytes Sha256::Finish() {
  Bytes digest(32, '\0');
  Require(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(digest.data()),
                             nullptr) == 1);
  state_->Reset();
  return digest;
}

Bytes Sha256Of(ByteView data) {
  thread_local Sha256 hash;
  hash.Update(data);
  return hash.Finish();
}

}  // namespace mreg

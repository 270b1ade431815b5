// SPDX-License-Identifier: Apache-2.0
#include "base/digest.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include <openssl/evp.h>

#include "base/check.h"

namespace lares::base {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    LARES_CHECK(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  void Add(const void* data, std::size_t size) {
    LARES_CHECK(EVP_DigestUpdate(context_.get(), data, size) == 1);
  }
  std::string Hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> raw;
    unsigned size = 0;
    LARES_CHECK(EVP_DigestFinal_ex(context_.get(), raw.data(), &size) == 1);
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
      hex += kDigits[raw[i] >> 4];
      hex += kDigits[raw[i] & 15];
    }
    return hex;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string Sha256Hex(std::string_view bytes) {
  Sha256 sha;
  sha.Add(bytes.data(), bytes.size());
  return sha.Hex();
}

Result<std::string> Sha256HexOfFile(const std::string& path, const std::atomic<bool>* stop) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), &std::fclose);
  if (!file) return Fail(Code::kNotFound, "cannot open " + path + ": " + std::strerror(errno));
  Sha256 sha;
  std::vector<char> buffer(1 << 20);
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    if (stop != nullptr && stop->load()) return Fail(Code::kCancelled, "hashing was stopped");
    sha.Add(buffer.data(), n);
  }
  if (std::ferror(file.get()) != 0) return Fail(Code::kDataLoss, "cannot read " + path);
  return sha.Hex();
}

}  // namespace lares::base

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "daemon/http/server.h"
#include "daemon/http/server_fixture.h"
#include "schema/base/file_system.h"

namespace mreg::http {
namespace {

using testing::HasSubstr;

template <auto Free>
struct Freeing {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, Freeing<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freeing<X509_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Freeing<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freeing<SSL_free>>;
using BioPtr = std::unique_ptr<BIO, Freeing<BIO_free_all>>;

CertificatePtr SelfSigned(EVP_PKEY* key) {
  CertificatePtr certificate(X509_new());
  X509_set_version(certificate.get(), 2);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_sign(certificate.get(), key, EVP_sha256());
  return certificate;
}

// A certificate and its key in files of their own.
TlsFiles MakeTlsFiles() {
  std::string directory = JoinPath(testing::TempDir(), "tls-XXXXXX");
  EXPECT_NE(mkdtemp(directory.data()), nullptr);
  const TlsFiles files{JoinPath(directory, "chain.pem"), JoinPath(directory, "key.pem")};
  const KeyPtr key(EVP_EC_gen("P-256"));
  const CertificatePtr certificate = SelfSigned(key.get());
  const BioPtr chain(BIO_new_file(files.certificate_chain.c_str(), "w"));
  PEM_write_bio_X509(chain.get(), certificate.get());
  const BioPtr out(BIO_new_file(files.private_key.c_str(), "w"));
  PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return files;
}

class TlsClient {
 public:
  TlsClient(TestClient client, int max_version)
      : client_(std::move(client)), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), max_version);
    SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), client_.fd());
    connected_ = SSL_connect(ssl_.get()) == 1;
  }

  bool connected() const { return connected_; }
  bool Send(std::string_view data) {
    return SSL_write(ssl_.get(), data.data(), static_cast<int>(data.size())) > 0;
  }
  // Everything until the server ends the connection. `orderly`: it said so.
  std::string ReadAll(bool& orderly) {
    std::string all;
    char buffer[16'384];
    int size;
    while ((size = SSL_read(ssl_.get(), buffer, sizeof(buffer))) > 0) all.append(buffer, size);
    orderly = SSL_get_error(ssl_.get(), size) == SSL_ERROR_ZERO_RETURN;
    return all;
  }

 private:
  TestClient client_;
  ContextPtr context_;
  SslPtr ssl_;
  bool connected_ = false;
};

class ServerTls : public ServerFixture {
 protected:
  ServerTls() { options_.tls = MakeTlsFiles(); }

  TlsClient Connect(int max_version = 0) { return {ServerFixture::Connect(), max_version}; }
};

constexpr std::string_view kClosing = " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

TEST_F(ServerTls, ServesRequests) {
  Start();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client = Connect(version);
    ASSERT_TRUE(client.connected());
    ASSERT_TRUE(client.Send(Request11("POST", "/echo", "body")));
    ASSERT_TRUE(client.Send(fmt::format("GET /stream?length=1000000{}", kClosing)));
    bool orderly = false;
    const std::string all = client.ReadAll(orderly);
    EXPECT_THAT(all, HasSubstr("\r\n\r\nbody"));
    EXPECT_TRUE(IsPattern(0, std::string_view(all).substr(all.size() - 1'000'000)));
    EXPECT_TRUE(orderly);
  }
}

TEST_F(ServerTls, RefusesOlderVersions) {
  Start();
  EXPECT_FALSE(Connect(TLS1_1_VERSION).connected());
}

TEST_F(ServerTls, TakesLargeBodies) {
  Start();
  TlsClient client = Connect();
  constexpr size_t kSize = 64 << 20;
  ASSERT_TRUE(
      client.Send(fmt::format("PUT /sink HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                              "Content-Length: {}\r\n\r\n",
                              kSize)));
  std::string piece(1 << 20, '\0');
  const auto begin = std::chrono::steady_clock::now();
  for (size_t sent = 0; sent < kSize; sent += piece.size()) {
    FillPattern(sent, piece);
    ASSERT_TRUE(client.Send(piece));
  }
  bool orderly = false;
  EXPECT_THAT(client.ReadAll(orderly), HasSubstr(fmt::format("\r\n\r\n{}", kSize)));
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  fmt::print("TLS upload: {:.0f} MB/s\n", kSize / time.count() / 1e6);
}

TEST_F(ServerTls, AStreamThatFailsIsNotEndedInOrder) {
  Start();
  TlsClient client = Connect();
  ASSERT_TRUE(client.Send(fmt::format("GET /stream?length=1000000&fail=600000{}", kClosing)));
  bool orderly = true;
  EXPECT_LT(client.ReadAll(orderly).size(), 1'000'000u);
  EXPECT_FALSE(orderly);
}

TEST_F(ServerTls, AStalledHandshakeIsCutOff) {
  options_.limits.header_timeout = std::chrono::milliseconds(300);
  Start();
  EXPECT_TRUE(ServerFixture::Connect().IsEnded());
}

TEST_F(ServerTls, PlainHttpIsNotServed) {
  Start();
  TestClient client = ServerFixture::Connect();
  ASSERT_TRUE(client.Send(Get("/hello")));
  while (!client.ReadSome().empty()) {
  }
  EXPECT_EQ(handler_.started, 0);
}

TEST_F(ServerTls, TheOwnersSocketIsPlain) {
  options_.unix_socket = JoinPath(ParentPath(options_.tls->private_key), "socket");
  Start();
  EXPECT_EQ(TestClient::Unix(options_.unix_socket).Ask(Get("/hello"))->body, "hello");
}

TEST_F(ServerTls, FilesThatCannotBeUsedAreNamed) {
  const TlsFiles other = MakeTlsFiles();
  const auto start = [&](const TlsFiles& files) {
    return StartServer({.listen = {"127.0.0.1:0"}, .tls = files}, handler_, nullptr).status();
  };
  EXPECT_THAT(start({"/nonexistent.pem", other.private_key}).ToString(),
              HasSubstr("/nonexistent.pem"));
  const auto mismatch = start({options_.tls->certificate_chain, other.private_key});
  EXPECT_EQ(mismatch.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(mismatch.ToString(), HasSubstr(other.private_key));
}

}  // namespace
}  // namespace mreg::http

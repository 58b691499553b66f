#include "schema/formats/inspection/inspect_content.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "schema/base/status.h"
#include "schema/formats/inspection/export_advice.h"
#include "schema/formats/inspection/file_view.h"
#include "schema/formats/inspection/hdf5_scanner.h"
#include "schema/formats/inspection/inflate.h"
#include "schema/formats/inspection/keras_config.h"
#include "schema/formats/inspection/media.h"
#include "schema/formats/inspection/numpy_header.h"
#include "schema/formats/inspection/pickle_scanner.h"
#include "schema/formats/inspection/protobuf_files.h"
#include "schema/formats/inspection/tar_reader.h"
#include "schema/formats/inspection/text.h"
#include "schema/formats/inspection/zip_reader.h"
#include "schema/formats/safetensors.h"

namespace mreg::formats {
namespace {

constexpr size_t kHead = 64;
// Enough to see that a packed member is an array of numbers, whose rest then cannot matter.
constexpr uint64_t kPeek = 64 << 10;
constexpr uint64_t kMaxJson = 16 << 20;
constexpr std::string_view kOldJoblib = "ZF0x";
constexpr uint64_t kOldJoblibHeader = 21;

using Verdict = absl::StatusOr<std::optional<ContentVerdict>>;

ContentVerdict Known(ContentKind kind, std::string_view description) {
  ContentVerdict verdict;
  verdict.kind = kind;
  verdict.description = description;
  return verdict;
}

ContentVerdict Unsafe(std::string_view what, uint64_t offset, Framework framework) {
  ContentVerdict verdict = Known(ContentKind::kUnsafe, what);
  verdict.offset = offset;
  verdict.framework = NameOf(framework);
  verdict.advice = ExportAdvice(framework);
  return verdict;
}

ContentVerdict UnsafePickle(const Pickle& pickle) {
  std::string what = "a Python pickle";
  if (!pickle.imports.empty()) {
    what += fmt::format(" that imports {}", fmt::join(pickle.imports, ", "));
  }
  return Unsafe(what, pickle.offset, FrameworkOf(pickle.packages));
}

bool IsRefused(const ContentVerdict& verdict) { return verdict.kind == ContentKind::kUnsafe; }

bool IsExplained(const ContentVerdict& verdict) {
  return verdict.kind != ContentKind::kUnknown && !IsRefused(verdict);
}

// One file with all that is packed into it.
class Inspector {
 public:
  absl::StatusOr<ContentVerdict> Inspect(const ReadableFile& file, int depth) {
    if (depth > kMaxNesting) {
      return Unsafe("archives within archives, deeper than is followed", 0, Framework::kUnknown);
    }
    MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
    if (size == 0) return Known(ContentKind::kEmpty, "empty file");
    MREG_ASSIGN_OR_RETURN(const auto pickle, FindPickle(file));
    if (pickle) return UnsafePickle(*pickle);
    // Whatever a file begins as, some readers look for these at its end or behind a prefix.
    MREG_ASSIGN_OR_RETURN(auto zip, InspectZip(file, depth));
    if (zip) return *std::move(zip);
    MREG_ASSIGN_OR_RETURN(auto hdf5, InspectHdf5(file));
    if (hdf5) return *std::move(hdf5);
    for (const auto inspect : {&Inspector::InspectTar, &Inspector::InspectPacked}) {
      MREG_ASSIGN_OR_RETURN(auto verdict, (this->*inspect)(file, depth));
      if (verdict) return *std::move(verdict);
    }
    for (const auto inspect : {InspectNumpy, InspectMedia, InspectSafetensors, InspectOnnx,
                               InspectProtobuf, InspectText}) {
      MREG_ASSIGN_OR_RETURN(auto verdict, inspect(file));
      if (verdict) return *std::move(verdict);
    }
    return Known(ContentKind::kUnknown, "binary data of no known format");
  }

 private:
  Verdict InspectZip(const ReadableFile& file, int depth) {
    MREG_ASSIGN_OR_RETURN(const auto zip, ReadZip(file));
    if (!zip) return std::nullopt;
    if (!zip->fault.empty()) return Unsafe(zip->fault, 0, Framework::kUnknown);
    ContentVerdict archive = Known(ContentKind::kArchive, "zip archive");
    if (zip->begin > 0) {
      archive = Known(ContentKind::kUnknown, "a zip archive behind other data");
    }
    ContentVerdict refused;
    for (const ZipMember& member : zip->members) {
      MREG_ASSIGN_OR_RETURN(ContentVerdict verdict, InspectMember(file, member, depth));
      if (IsExplained(verdict)) continue;
      verdict.member = JoinMember(member.name, verdict.member);
      // The first that says which framework it is from, or else the first.
      if (IsRefused(verdict)) {
        if (!IsRefused(refused) || refused.framework.empty()) refused = std::move(verdict);
        if (!refused.framework.empty()) return refused;
      } else if (archive.kind == ContentKind::kArchive) {
        archive = std::move(verdict);
        archive.description = "a zip archive with " + archive.description;
      }
    }
    return IsRefused(refused) ? std::move(refused) : std::move(archive);
  }

  absl::StatusOr<ContentVerdict> InspectMember(const ReadableFile& file, const ZipMember& member,
                                               int depth) {
    if (++members_ > kMaxMembersInAll) {
      return Unsafe("an archive with too many members", 0, Framework::kUnknown);
    }
    if (!member.fault.empty()) {
      return Unsafe(fmt::format("a zip archive with {}", member.fault), 0, Framework::kUnknown);
    }
    if (member.method == 0) {
      const FileView view(file, member.offset, member.stored);
      if (member.stored != member.size) {
        return Unsafe("a zip archive with a member of two sizes", 0, Framework::kUnknown);
      }
      return InspectPlainMember(view, member, depth);
    }
    const auto compression = MethodOf(member.method);
    if (!compression) {
      return Unsafe("a zip archive compressed in a way that cannot be looked into", 0,
                    Framework::kUnknown);
    }
    const FileView view(file, member.offset, member.stored);
    return InspectInflated(view, *compression, member, depth);
  }

  static std::optional<Compression> MethodOf(uint16_t method) {
    switch (method) {
      case 8:
        return Compression::kDeflate;
      case 12:
        return Compression::kBzip2;
      case 93:
        return Compression::kZstd;
      case 95:
        return Compression::kXz;
      default:
        return std::nullopt;
    }
  }

  absl::StatusOr<ContentVerdict> InspectPlainMember(const ReadableFile& view,
                                                    const ZipMember& member, int depth) {
    MREG_ASSIGN_OR_RETURN(ContentVerdict verdict, Inspect(view, depth + 1));
    if (!IsRefused(verdict)) MREG_RETURN_IF_ERROR(CheckKeras(view, member, verdict));
    if (IsRefused(verdict) || member.size > kMaxUnpackedBytes) return verdict;
    return CheckSum(view, member, std::move(verdict));
  }

  // A reader that looks at the checksum may take another member for this one.
  static absl::StatusOr<ContentVerdict> CheckSum(const ReadableFile& view, const ZipMember& member,
                                                 ContentVerdict verdict) {
    uint32_t crc = 0;
    for (uint64_t at = 0; at < member.size;) {
      MREG_ASSIGN_OR_RETURN(const Bytes part,
                            ReadPart(view, at, std::min<uint64_t>(member.size - at, 1 << 20)));
      if (part.empty()) break;
      crc = Crc32(crc, part);
      at += part.size();
    }
    if (crc == member.crc) return verdict;
    return Unsafe("a zip archive with a member whose checksum is wrong", 0, Framework::kUnknown);
  }

  absl::StatusOr<ContentVerdict> InspectInflated(const ReadableFile& view, Compression compression,
                                                 const ZipMember& member, int depth) {
    MREG_ASSIGN_OR_RETURN(Inflated peek, Inflate(view, 0, compression, kPeek));
    if (peek.end == InflateEnd::kLimit) {
      const BytesFile head(std::move(peek.bytes));
      MREG_ASSIGN_OR_RETURN(const auto array, ReadNumpyHeader(head));
      MREG_ASSIGN_OR_RETURN(const bool is_plain, IsPlainArray(head, array, member.size));
      if (is_plain) return Known(ContentKind::kNumpy, "NumPy array");
    }
    MREG_ASSIGN_OR_RETURN(Inflated content, Unpack(view, 0, compression));
    if (content.end == InflateEnd::kWhole && content.bytes.size() != member.size) {
      content.end = InflateEnd::kBroken;
    }
    const uint64_t held = content.bytes.size();
    const InflateEnd end = content.end;
    const BytesFile file(std::move(content.bytes));
    absl::StatusOr<ContentVerdict> verdict = end == InflateEnd::kWhole
                                                 ? InspectPlainMember(file, member, depth)
                                                 : Inspect(file, depth + 1);
    unpacked_ -= held;
    if (!verdict.ok() || IsRefused(*verdict) || end == InflateEnd::kWhole) return verdict;
    return Unsafe(end == InflateEnd::kLimit
                      ? "an archive that unpacks to more than is looked through"
                      : "a zip archive with a damaged member",
                  0, Framework::kUnknown);
  }

  // Counts what it gives; the caller takes it off `unpacked_` again when it is done with it.
  absl::StatusOr<Inflated> Unpack(const ReadableFile& file, uint64_t offset,
                                  Compression compression) {
    const uint64_t room = std::min(kMaxUnpackedBytes - std::min(kMaxUnpackedBytes, unpacked_),
                                   kMaxUnpackedInAll - std::min(kMaxUnpackedInAll, in_all_));
    MREG_ASSIGN_OR_RETURN(Inflated content, Inflate(file, offset, compression, room));
    unpacked_ += content.bytes.size();
    in_all_ += content.bytes.size();
    return content;
  }

  // Keras's own archives hold a configuration; what else has such keys is read in the same way.
  static absl::Status CheckKeras(const ReadableFile& view, const ZipMember& member,
                                 ContentVerdict& verdict) {
    if (verdict.kind != ContentKind::kText || member.size > kMaxJson) return absl::OkStatus();
    MREG_ASSIGN_OR_RETURN(const Bytes json, ReadPart(view, 0, member.size));
    if (!json.starts_with('{')) return absl::OkStatus();
    if (const auto code = CodeInKerasConfig(json)) {
      verdict = Unsafe(fmt::format("a Keras model with {}", *code), 0, Framework::kKeras);
    }
    return absl::OkStatus();
  }

  static Verdict InspectHdf5(const ReadableFile& file) {
    MREG_ASSIGN_OR_RETURN(const auto hdf5, FindHdf5(file));
    if (!hdf5) return std::nullopt;
    if (hdf5->keras_code_at) {
      return Unsafe("a Keras model with a Lambda layer", *hdf5->keras_code_at, Framework::kKeras);
    }
    return Known(ContentKind::kUnknown, "HDF5 file");
  }

  Verdict InspectTar(const ReadableFile& file, int depth) {
    MREG_ASSIGN_OR_RETURN(const auto tar, ReadTar(file));
    if (!tar) return std::nullopt;
    ContentVerdict archive = Known(ContentKind::kArchive, "tar archive");
    for (const TarMember& member : tar->members) {
      if (++members_ > kMaxMembersInAll) {
        return Unsafe("an archive with too many members", 0, Framework::kUnknown);
      }
      const FileView view(file, member.offset, member.size);
      MREG_ASSIGN_OR_RETURN(ContentVerdict verdict, Inspect(view, depth + 1));
      if (IsExplained(verdict)) continue;
      verdict.member = JoinMember(member.name, verdict.member);
      if (IsRefused(verdict)) return verdict;
      if (archive.kind != ContentKind::kArchive) continue;
      archive = std::move(verdict);
      archive.description = "a tar archive with " + archive.description;
    }
    if (!tar->fault.empty()) return Unsafe(tar->fault, 0, Framework::kUnknown);
    return archive;
  }

  // Compressed as a whole: by gzip and its like, or by joblib.
  Verdict InspectPacked(const ReadableFile& file, int depth) {
    MREG_ASSIGN_OR_RETURN(const Bytes head, ReadPart(file, 0, kHead));
    auto compression = CompressionOf(head);
    uint64_t offset = 0;
    if (head.starts_with(kOldJoblib)) {
      compression = Compression::kZlib;
      offset = kOldJoblibHeader + (head.substr(kOldJoblibHeader, 1) == " " ? 1 : 0);
    }
    if (!compression) return std::nullopt;
    MREG_ASSIGN_OR_RETURN(Inflated content, Unpack(file, offset, *compression));
    MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
    const uint64_t held = content.bytes.size();
    const bool is_all = content.end == InflateEnd::kWhole && offset + content.consumed == size;
    const BytesFile inner(std::move(content.bytes));
    absl::StatusOr<ContentVerdict> verdict = Inspect(inner, depth + 1);
    unpacked_ -= held;
    MREG_RETURN_IF_ERROR(verdict.status());
    if (IsRefused(*verdict)) return *std::move(verdict);
    if (content.end == InflateEnd::kLimit) {
      return Unsafe("compressed data that unpacks to more than is looked through", 0,
                    Framework::kUnknown);
    }
    // What is damaged may be no compressed data at all: two bytes are soon alike.
    if (content.end == InflateEnd::kBroken) return std::nullopt;
    if (is_all && IsExplained(*verdict)) return Known(ContentKind::kArchive, "compressed file");
    return Known(ContentKind::kUnknown, "compressed data of no known format");
  }

  static absl::StatusOr<bool> IsPlainArray(const ReadableFile& file,
                                           const std::optional<NumpyHeader>& header,
                                           uint64_t size) {
    if (!header || header->has_objects || !header->data_length) return false;
    if (header->data_offset + *header->data_length != size) return false;
    return !absl::StatusOr<bool>(HasPickleAt(file, header->data_offset, size)).value_or(true);
  }

  static absl::StatusOr<bool> HasPickleAt(const ReadableFile& file, uint64_t offset,
                                          uint64_t size) {
    MREG_ASSIGN_OR_RETURN(const auto pickle,
                          FindPickle(FileView(file, offset, size - std::min(size, offset))));
    return pickle.has_value();
  }

  static Verdict InspectNumpy(const ReadableFile& file) {
    MREG_ASSIGN_OR_RETURN(const auto header, ReadNumpyHeader(file));
    if (!header) return std::nullopt;
    MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
    MREG_ASSIGN_OR_RETURN(const bool has_pickle, HasPickleAt(file, header->data_offset, size));
    if (header->has_objects || has_pickle) {
      return Unsafe("a NumPy array of Python objects, which are pickled", header->data_offset,
                    Framework::kNumpy);
    }
    MREG_ASSIGN_OR_RETURN(const bool is_plain, IsPlainArray(file, header, size));
    if (is_plain) return Known(ContentKind::kNumpy, "NumPy array");
    return Known(ContentKind::kUnknown, "a NumPy array of a type that is not understood");
  }

  static Verdict InspectMedia(const ReadableFile& file) {
    MREG_ASSIGN_OR_RETURN(const auto media, RecogniseMedia(file));
    if (!media) return std::nullopt;
    const bool is_image = media->kind == MediaKind::kImage;
    return Known(is_image ? ContentKind::kImage : ContentKind::kAudio, media->name);
  }

  static Verdict InspectSafetensors(const ReadableFile& file) {
    const auto header = ReadSafetensorsHeader(file);
    if (absl::IsInvalidArgument(header.status())) return std::nullopt;
    MREG_RETURN_IF_ERROR(header.status());
    MREG_ASSIGN_OR_RETURN(const uint64_t size, file.Size());
    uint64_t end = header->data_offset;
    for (const SafetensorsTensor& tensor : header->tensors) {
      if (tensor.offset != end) break;
      end = tensor.offset + tensor.length;
    }
    if (end == size) return Known(ContentKind::kSafetensors, "safetensors file");
    return Known(ContentKind::kUnknown, "a safetensors file with bytes that belong to no tensor");
  }

  static Verdict InspectOnnx(const ReadableFile& file) {
    const auto scan = onnx::ScanModel(file);
    if (absl::IsInvalidArgument(scan.status())) return std::nullopt;
    MREG_RETURN_IF_ERROR(scan.status());
    auto findings = FindInModel(file, *scan);
    if (absl::IsInvalidArgument(findings.status())) {
      return Known(ContentKind::kUnknown, "an ONNX model that cannot be read to its end");
    }
    MREG_RETURN_IF_ERROR(findings.status());
    ContentVerdict verdict = Known(ContentKind::kOnnx, "ONNX model");
    verdict.onnx = *std::move(findings);
    return verdict;
  }

  static Verdict InspectProtobuf(const ReadableFile& file) {
    MREG_ASSIGN_OR_RETURN(const bool is_tokenizer, IsSentencePiece(file));
    if (is_tokenizer) return Known(ContentKind::kTokenizer, "SentencePiece tokenizer");
    MREG_ASSIGN_OR_RETURN(const bool is_tensor, IsOnnxTensor(file));
    if (is_tensor) return Known(ContentKind::kOnnxTensor, "ONNX tensor");
    return std::nullopt;
  }

  static Verdict InspectText(const ReadableFile& file) {
    MREG_ASSIGN_OR_RETURN(const bool is_text, IsTextFile(file));
    if (is_text) return Known(ContentKind::kText, "text");
    return std::nullopt;
  }

  static std::string JoinMember(std::string_view outer, std::string_view inner) {
    return inner.empty() ? std::string(outer) : fmt::format("{}/{}", outer, inner);
  }

  uint64_t unpacked_ = 0;  // bytes in memory
  uint64_t in_all_ = 0;    // bytes that ever were
  uint64_t members_ = 0;
};

}  // namespace

absl::StatusOr<ContentVerdict> InspectContent(const ReadableFile& file) {
  return Inspector().Inspect(file, 0);
}

}  // namespace mreg::formats

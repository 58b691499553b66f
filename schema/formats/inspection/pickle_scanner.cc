#include "schema/formats/inspection/pickle_scanner.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "schema/base/coding.h"
#include "schema/base/status.h"
#include "schema/formats/inspection/byte_cursor.h"
#include "schema/formats/inspection/pickle_stack.h"

namespace mreg::formats {
namespace {

constexpr uint8_t kProto = 0x80;
constexpr uint8_t kHighestProtocol = 5;
constexpr size_t kMaxName = 1024;
constexpr size_t kListedImports = 5;
constexpr size_t kListedPackages = 64;
// What comes after the proof is read for its names only.
constexpr uint64_t kOpcodesAfterProof = 200'000;
// Short texts such as "N." happen to be pickles, harmless ones.
constexpr uint64_t kFewOpcodes = 4;

enum class Argument : uint8_t { kNone, k1, k2, k4, k8, kLine, kTwoLines, kText1, kText4, kText8 };

enum class Effect : uint8_t {
  kNone,
  kPush,
  kNumber,  // a line that has to be one
  kQuoted,  // a line in quotes
  kMark,
  kPop,
  kPopMark,
  kDuplicate,
  kGather,  // all from the mark into one
  kGather1,
  kGather2,
  kGather3,
  kPut1,    // one value into the one below
  kPut2,    // two
  kPutAll,  // all from the mark
  kMemoize,
  kMemoizeNext,
  kMemoizeLine,
  kRecall,
  kRecallLine,
  kImport,
  kImportFromStack,
  kImportAndCall,
  kCall,
  kCallWithKeywords,
  kCallGathered,
  kSetState,
  kTouch,  // the top, which stays
  kProtocol,
  kStop
};

struct Opcode {
  Argument argument = Argument::kNone;
  Effect effect = Effect::kNone;
  PickleKind pushes = PickleKind::kUnknown;
  bool is_known = false;
};

constexpr std::array<Opcode, 256> MakeOpcodes() {
  using A = Argument;
  using E = Effect;
  using K = PickleKind;
  std::array<Opcode, 256> all{};
  const auto set = [&](int code, A argument, E effect, K pushes = K::kUnknown) {
    all[static_cast<size_t>(code)] = {argument, effect, pushes, true};
  };
  set('(', A::kNone, E::kMark);
  set('.', A::kNone, E::kStop);
  set('0', A::kNone, E::kPop);
  set('1', A::kNone, E::kPopMark);
  set('2', A::kNone, E::kDuplicate);
  for (const char code : {'F', 'I', 'L'}) set(code, A::kLine, E::kNumber, K::kNumber);
  set('J', A::k4, E::kPush, K::kNumber);
  set('K', A::k1, E::kPush, K::kNumber);
  set('M', A::k2, E::kPush, K::kNumber);
  set('G', A::k8, E::kPush, K::kNumber);
  for (const int code : {int{'N'}, 0x88, 0x89}) set(code, A::kNone, E::kPush, K::kNumber);
  set(0x97, A::kNone, E::kPush);
  set(0x8a, A::kText1, E::kPush, K::kNumber);
  set(0x8b, A::kText4, E::kPush, K::kNumber);
  set('S', A::kLine, E::kQuoted, K::kText);
  set('V', A::kLine, E::kPush, K::kText);
  for (const int code : {int{'U'}, int{'C'}, 0x8c}) set(code, A::kText1, E::kPush, K::kText);
  for (const char code : {'T', 'X', 'B'}) set(code, A::kText4, E::kPush, K::kText);
  for (const int code : {0x8d, 0x8e, 0x96}) set(code, A::kText8, E::kPush, K::kText);
  for (const int code : {int{']'}, int{'}'}, 0x8f}) set(code, A::kNone, E::kPush, K::kContainer);
  set(')', A::kNone, E::kPush, K::kTuple);
  for (const int code : {int{'d'}, int{'l'}, 0x91}) set(code, A::kNone, E::kGather, K::kContainer);
  set('t', A::kNone, E::kGather, K::kTuple);
  set(0x85, A::kNone, E::kGather1, K::kTuple);
  set(0x86, A::kNone, E::kGather2, K::kTuple);
  set(0x87, A::kNone, E::kGather3, K::kTuple);
  set('a', A::kNone, E::kPut1);
  set('s', A::kNone, E::kPut2);
  for (const int code : {int{'e'}, int{'u'}, 0x90}) set(code, A::kNone, E::kPutAll);
  set('p', A::kLine, E::kMemoizeLine);
  set('q', A::k1, E::kMemoize);
  set('r', A::k4, E::kMemoize);
  set(0x94, A::kNone, E::kMemoizeNext);
  set('g', A::kLine, E::kRecallLine);
  set('h', A::k1, E::kRecall);
  set('j', A::k4, E::kRecall);
  set('c', A::kTwoLines, E::kImport);
  set('i', A::kTwoLines, E::kImportAndCall);
  set(0x93, A::kNone, E::kImportFromStack);
  // By a number that stands for a class: what it is, only the loading process knows.
  set(0x82, A::k1, E::kPush, K::kImport);
  set(0x83, A::k2, E::kPush, K::kImport);
  set(0x84, A::k4, E::kPush, K::kImport);
  set('R', A::kNone, E::kCall);
  set(0x81, A::kNone, E::kCall);
  set(0x92, A::kNone, E::kCallWithKeywords);
  set('o', A::kNone, E::kCallGathered);
  set('b', A::kNone, E::kSetState);
  set('P', A::kLine, E::kPush);
  set('Q', A::kNone, E::kGather1);
  set(0x98, A::kNone, E::kTouch);
  set(0x95, A::k8, E::kNone);
  set(kProto, A::k1, E::kProtocol);
  return all;
}

constexpr std::array<Opcode, 256> kOpcodes = MakeOpcodes();

bool IsNumber(std::string_view line) {
  constexpr std::string_view kDigits = "0123456789abcdefABCDEFxXoO+-._Linftys \t\r";
  return !line.empty() && line.find_first_not_of(kDigits) == line.npos;
}

bool IsQuoted(std::string_view line) {
  while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
  return line.size() >= 2 && line.front() == line.back() &&
         (line.front() == '\'' || line.front() == '"');
}

// What Python would look for; beyond ASCII it knows letters too.
bool IsImportable(std::string_view name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || static_cast<uint8_t>(c) >= 0x80;
  };
  return !name.empty() && name.size() < kMaxName && std::ranges::all_of(name, fits);
}

// Of a line with a decimal number; no real pickle has others.
bool ToKey(std::string_view line, uint64_t& key) {
  key = 0;
  while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
  if (line.empty() || line.size() > 18) return false;
  for (const char c : line) {
    if (c < '0' || c > '9') return false;
    key = key * 10 + static_cast<uint64_t>(c - '0');
  }
  return true;
}

template <typename T>
void AddDistinct(std::vector<T>& list, T value, size_t limit) {
  if (list.size() < limit && std::ranges::find(list, value) == list.end()) {
    list.push_back(std::move(value));
  }
}

class Scanner {
 public:
  explicit Scanner(const ReadableFile& file) : cursor_(file) {}

  absl::StatusOr<std::optional<Pickle>> Find() {
    while (WalkStream()) {
      TakeWholeStream();
      stack_.Clear();
    }
    MREG_RETURN_IF_ERROR(cursor_.status());
    const bool is_all =
        !has_header_ && is_at_end_ && streams_ > 0 && (imports_ > 0 || opcodes_ >= kFewOpcodes);
    if (is_all) Prove();
    if (!is_proved_) return std::optional<Pickle>();
    return std::optional(std::move(pickle_));
  }

 private:
  // To its STOP. False if it breaks, or there is none.
  bool WalkStream() {
    for (bool is_first = true;; is_first = false) {
      if (is_proved_ && opcodes_ > proved_at_ + kOpcodesAfterProof) return false;
      at_ = cursor_.position();
      uint8_t code = 0;
      if (!cursor_.Next(code)) {
        is_at_end_ = is_first;
        return false;
      }
      if (opcodes_ == 0) has_header_ = code == kProto;
      if (is_first && streams_ > 0 && !has_header_ && IsSpaceToEnd(code)) return false;
      if (!kOpcodes[code].is_known) return false;
      ++opcodes_;
      if (!ReadArgument(kOpcodes[code].argument)) return false;
      if (kOpcodes[code].effect == Effect::kStop) return stack_.IsResult();
      if (!Apply(kOpcodes[code])) return false;
    }
  }

  // An editor may have ended the file's last line.
  bool IsSpaceToEnd(uint8_t code) {
    while (code == '\n' || code == '\r' || code == ' ') {
      if (!cursor_.Next(code)) {
        is_at_end_ = true;
        return true;
      }
    }
    return false;
  }

  void TakeWholeStream() {
    ++streams_;
    if (has_header_) Prove();
  }

  void Prove() {
    if (is_proved_) return;
    is_proved_ = true;
    proved_at_ = opcodes_;
    pickle_.offset = at_;
  }

  bool ReadArgument(Argument argument) {
    switch (argument) {
      case Argument::kNone:
        return true;
      case Argument::k1:
        return ReadNumber(1);
      case Argument::k2:
        return ReadNumber(2);
      case Argument::k4:
        return ReadNumber(4);
      case Argument::k8:
        return ReadNumber(8);
      case Argument::kLine:
        return cursor_.Line(kMaxName, text_);
      case Argument::kTwoLines:
        return cursor_.Line(kMaxName, text_) && cursor_.Line(kMaxName, second_);
      case Argument::kText1:
        return ReadNumber(1) && ReadText();
      case Argument::kText4:
        return ReadNumber(4) && ReadText();
      case Argument::kText8:
        return ReadNumber(8) && ReadText();
    }
    return false;
  }

  bool ReadNumber(size_t width) {
    if (!cursor_.Read(width, text_)) return false;
    text_.resize(8, '\0');
    number_ = ReadU64Le(text_);
    text_.clear();
    return true;
  }

  bool ReadText() {
    text_.clear();
    return number_ <= kMaxName ? cursor_.Read(number_, text_) : cursor_.Skip(number_);
  }

  bool Apply(const Opcode& opcode) {
    PickleValue value;
    uint64_t key = 0;
    switch (opcode.effect) {
      case Effect::kNone:
        return true;
      case Effect::kNumber:
        return IsNumber(text_) && Push(opcode.pushes);
      case Effect::kQuoted:
        return IsQuoted(text_) && Push(opcode.pushes, Unquoted());
      case Effect::kPush:
        return Push(opcode.pushes, text_);
      case Effect::kMark:
        return Push(PickleKind::kMark);
      case Effect::kPop:
        return stack_.Pop();
      case Effect::kPopMark:
        return stack_.PopToMark(value);
      case Effect::kDuplicate:
        return stack_.Duplicate();
      case Effect::kGather:
        return stack_.PopToMark(value) && Push(opcode.pushes);
      case Effect::kGather1:
        return Drop(1) && Push(opcode.pushes);
      case Effect::kGather2:
        return Drop(2) && Push(opcode.pushes);
      case Effect::kGather3:
        return Drop(3) && Push(opcode.pushes);
      case Effect::kPut1:
        return Drop(1) && stack_.HasValue();
      case Effect::kPut2:
        return Drop(2) && stack_.HasValue();
      case Effect::kPutAll:
        return stack_.PopToMark(value) && stack_.HasValue();
      case Effect::kMemoize:
        return stack_.Memoize(number_);
      case Effect::kMemoizeNext:
        return stack_.MemoizeNext();
      case Effect::kMemoizeLine:
        return ToKey(text_, key) && stack_.Memoize(key);
      case Effect::kRecall:
        return stack_.Recall(number_);
      case Effect::kRecallLine:
        return ToKey(text_, key) && stack_.Recall(key);
      case Effect::kTouch:
        return stack_.HasValue();
      case Effect::kProtocol:
        return number_ <= kHighestProtocol;
      default:
        return ApplyCode(opcode.effect);
    }
  }

  // What can run code.
  bool ApplyCode(Effect effect) {
    PickleValue name, module, callee;
    switch (effect) {
      case Effect::kImport:
        return Import(text_, second_);
      case Effect::kImportFromStack:
        return stack_.Pop(name) && stack_.Pop(module) && IsText(name) && IsText(module) &&
               ImportFound(module.text, name.text);
      case Effect::kImportAndCall:
        if (!stack_.PopToMark(callee) || !Import(text_, second_)) return false;
        TakeCall();
        return true;
      case Effect::kCall:
        return Call(1);
      case Effect::kCallWithKeywords:
        return Call(2);
      case Effect::kCallGathered:
        if (!stack_.PopToMark(callee)) return false;
        if (CanBeCalled(callee.kind)) TakeCall();
        return callee.kind != PickleKind::kMark && Push(PickleKind::kCallResult);
      case Effect::kSetState:
        return Call(1);
      default:
        return false;
    }
  }

  static bool IsText(const PickleValue& value) {
    return value.kind == PickleKind::kText || value.kind == PickleKind::kUnknown;
  }

  // Of a kUnknown and of a long text the name is not known, and an import it is all the same.
  bool ImportFound(std::string_view module, std::string_view name) {
    return Import(module.empty() ? "?" : module, name.empty() ? "?" : name);
  }

  bool Import(std::string_view module, std::string_view name) {
    const bool is_named = module != "?" && name != "?";
    if (is_named && !(IsImportable(module) && IsImportable(name))) return false;
    ++imports_;
    AddDistinct(pickle_.imports, std::string(module) + "." + std::string(name), kListedImports);
    AddDistinct(pickle_.packages, std::string(module.substr(0, module.find('.'))), kListedPackages);
    if (has_header_) {
      pickle_.runs_code = true;
      Prove();
    }
    return Push(PickleKind::kImport);
  }

  bool CanBeCalled(PickleKind kind) const {
    return kind == PickleKind::kImport || (kind == PickleKind::kUnknown && imports_ > 0) ||
           kind == PickleKind::kCallResult;
  }

  // Lines of words can look like imports one after the other, whose arguments would be others.
  static bool CanBeArguments(PickleKind kind) {
    return kind != PickleKind::kImport && kind != PickleKind::kText && kind != PickleKind::kNumber;
  }

  // With `arguments` values on top of what is called.
  bool Call(int arguments) {
    PickleValue value, callee;
    bool fits = true;
    for (int i = 0; i < arguments; ++i) {
      if (!stack_.Pop(value)) return false;
      fits = fits && CanBeArguments(value.kind);
    }
    if (!stack_.Pop(callee)) return false;
    if (fits && CanBeCalled(callee.kind)) TakeCall();
    return Push(PickleKind::kCallResult);
  }

  void TakeCall() {
    pickle_.runs_code = true;
    Prove();
  }

  bool Push(PickleKind kind, std::string_view text = {}) {
    stack_.Push(kind, kind == PickleKind::kText ? text : std::string_view());
    return true;
  }

  bool Drop(int count) {
    PickleValue value;
    for (int i = 0; i < count; ++i) {
      if (!stack_.Pop(value)) return false;
    }
    return true;
  }

  std::string_view Unquoted() const {
    return std::string_view(text_).substr(1, text_.find_last_of("'\"") - 1);
  }

  ByteCursor cursor_;
  PickleStack stack_;
  Pickle pickle_;
  Bytes text_, second_;  // the argument
  uint64_t number_ = 0;  // the same
  uint64_t at_ = 0;      // where the opcode lies
  uint64_t opcodes_ = 0;
  uint64_t imports_ = 0;
  uint64_t streams_ = 0;  // that were whole
  uint64_t proved_at_ = 0;
  bool has_header_ = false;
  bool is_proved_ = false;
  bool is_at_end_ = false;
};

}  // namespace

absl::StatusOr<std::optional<Pickle>> FindPickle(const ReadableFile& file) {
  return Scanner(file).Find();
}

}  // namespace mreg::formats

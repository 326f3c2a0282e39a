#include "core/loader/library_peek.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "qiao/plugin.hpp"

namespace qiao::core {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kMachine = EM_X86_64;
constexpr std::uint64_t kRelative = R_X86_64_RELATIVE;
#elif defined(__aarch64__)
constexpr Elf64_Half kMachine = EM_AARCH64;
constexpr std::uint64_t kRelative = R_AARCH64_RELATIVE;
#else
#error "the plugin loader knows x86-64 and AArch64"
#endif

/// A file in memory, read only.
class Mapping {
 public:
  explicit Mapping(const std::filesystem::path& file) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    struct stat info {};
    if (::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
      size_ = static_cast<std::size_t>(info.st_size);
      void* at = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
      data_ = at == MAP_FAILED ? nullptr : static_cast<const char*>(at);
    }
    ::close(fd);
  }
  ~Mapping() {
    if (data_) ::munmap(const_cast<char*>(data_), size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  [[nodiscard]] bool ok() const { return data_ != nullptr; }
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Copies a T from `offset`; false beyond the end.
  template <class T>
  bool read(std::uint64_t offset, T& out) const {
    if (offset > size_ || sizeof(T) > size_ - offset) return false;
    std::memcpy(&out, data_ + offset, sizeof(T));
    return true;
  }
  [[nodiscard]] std::string text(std::uint64_t offset) const {
    constexpr std::size_t kLongest = 256;
    if (offset >= size_) return {};
    const std::size_t room = std::min<std::size_t>(kLongest, size_ - offset);
    return {data_ + offset, ::strnlen(data_ + offset, room)};
  }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

std::uint32_t gnu_hash(std::string_view name) {
  std::uint32_t h = 5381;
  for (char c : name) h = h * 33 + static_cast<unsigned char>(c);
  return h;
}

/// The parts of an ELF file that lead to a symbol's bytes. Addresses are those of the file before loading.
class Elf {
 public:
  explicit Elf(const Mapping& file) : file_(file) {}

  bool open() {
    Elf64_Ehdr head{};
    if (!file_.read(0, head) || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return false;
    if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_ident[EI_DATA] != ELFDATA2LSB) return false;
    if (head.e_type != ET_DYN || head.e_machine != kMachine || head.e_phentsize != sizeof(Elf64_Phdr)) return false;
    std::optional<Elf64_Phdr> dynamic;
    for (unsigned i = 0; i < head.e_phnum; ++i) {
      Elf64_Phdr part{};
      if (!file_.read(head.e_phoff + i * sizeof(part), part)) return false;
      if (part.p_type == PT_LOAD) {
        // The dynamic linker maps a file that was cut short, and dies when it touches what is missing.
        if (part.p_offset > file_.size() || part.p_filesz > file_.size() - part.p_offset) return false;
        loads_.push_back(part);
      }
      if (part.p_type == PT_DYNAMIC) dynamic = part;
    }
    return dynamic && read_dynamic(*dynamic);
  }

  /// The address and size of an exported symbol.
  [[nodiscard]] std::optional<std::pair<std::uint64_t, std::uint64_t>> find(std::string_view name) const {
    struct Table {
      std::uint32_t buckets, first, bloom_words, bloom_shift;
    } table{};
    if (!at(gnu_hash_, table) || table.buckets == 0) return std::nullopt;
    const std::uint32_t wanted = gnu_hash(name);
    const std::uint64_t buckets = gnu_hash_ + sizeof(table) + std::uint64_t{table.bloom_words} * 8;
    const std::uint64_t chains = buckets + std::uint64_t{table.buckets} * 4;
    std::uint32_t index = 0;
    if (!at(buckets + std::uint64_t{wanted % table.buckets} * 4, index) || index < table.first) return std::nullopt;
    for (;; ++index) {
      std::uint32_t hash = 0;
      if (!at(chains + std::uint64_t{index - table.first} * 4, hash)) return std::nullopt;
      Elf64_Sym symbol{};
      if ((hash | 1) == (wanted | 1) && at(symbols_ + std::uint64_t{index} * sizeof(symbol), symbol) &&
          text(strings_ + symbol.st_name) == name) {
        return std::pair{symbol.st_value, symbol.st_size};
      }
      if (hash & 1) return std::nullopt;
    }
  }

  template <class T>
  bool at(std::uint64_t address, T& out) const {
    const auto offset = offset_of(address);
    return offset && file_.read(*offset, out);
  }

  [[nodiscard]] std::string text(std::uint64_t address) const {
    const auto offset = offset_of(address);
    return offset ? file_.text(*offset) : std::string();
  }

  /// Names of the libraries that it needs.
  [[nodiscard]] std::vector<std::string> needed() const {
    std::vector<std::string> names;
    for (const std::uint64_t name : needed_) names.push_back(text(strings_ + name));
    return names;
  }

  /// The pointer stored at `address`, as the loader would relocate it against base zero.
  [[nodiscard]] std::uint64_t pointer(std::uint64_t address) const {
    for (std::uint64_t i = 0; i + sizeof(Elf64_Rela) <= relocations_size_; i += sizeof(Elf64_Rela)) {
      Elf64_Rela relocation{};
      if (!at(relocations_ + i, relocation)) break;
      if (relocation.r_offset == address && ELF64_R_TYPE(relocation.r_info) == kRelative) {
        return static_cast<std::uint64_t>(relocation.r_addend);
      }
    }
    std::uint64_t in_place = 0;  // packed relative relocations keep the value where it is needed
    return at(address, in_place) ? in_place : 0;
  }

 private:
  bool read_dynamic(const Elf64_Phdr& dynamic) {
    for (std::uint64_t i = 0; i + sizeof(Elf64_Dyn) <= dynamic.p_filesz; i += sizeof(Elf64_Dyn)) {
      Elf64_Dyn entry{};
      if (!file_.read(dynamic.p_offset + i, entry) || entry.d_tag == DT_NULL) break;
      switch (entry.d_tag) {
        case DT_NEEDED:
          needed_.push_back(entry.d_un.d_val);
          break;
        case DT_SYMTAB:
          symbols_ = entry.d_un.d_ptr;
          break;
        case DT_STRTAB:
          strings_ = entry.d_un.d_ptr;
          break;
        case DT_GNU_HASH:
          gnu_hash_ = entry.d_un.d_ptr;
          break;
        case DT_RELA:
          relocations_ = entry.d_un.d_ptr;
          break;
        case DT_RELASZ:
          relocations_size_ = entry.d_un.d_val;
          break;
        default:
          break;
      }
    }
    return symbols_ != 0 && strings_ != 0 && gnu_hash_ != 0;
  }

  [[nodiscard]] std::optional<std::uint64_t> offset_of(std::uint64_t address) const {
    for (const Elf64_Phdr& load : loads_) {
      if (address >= load.p_vaddr && address - load.p_vaddr < load.p_filesz) {
        return address - load.p_vaddr + load.p_offset;
      }
    }
    return std::nullopt;
  }

  const Mapping& file_;
  std::vector<Elf64_Phdr> loads_;
  std::vector<std::uint64_t> needed_;
  std::uint64_t symbols_ = 0, strings_ = 0, gnu_hash_ = 0, relocations_ = 0, relocations_size_ = 0;
};

}  // namespace

Result<LibraryPeek> peek_library(const std::filesystem::path& path) {
  const Mapping file(path);
  Elf elf(file);
  if (!file.ok() || !elf.open()) {
    return Error{Errc::bad_value, "plugin.not_a_library", "not a whole shared library for this machine"};
  }
  const auto symbol = elf.find(kPluginSymbol);
  if (!symbol) {
    return Error{Errc::bad_value, "plugin.no_descriptor", "no plugin descriptor inside; does it use QIAO_PLUGIN?"};
  }
  const std::uint64_t at = symbol->first;
  std::uint32_t magic = 0;
  std::uint32_t size = 0;
  elf.at(at + offsetof(PluginDescriptor, magic), magic);
  elf.at(at + offsetof(PluginDescriptor, size), size);
  if (magic != kPluginMagic) {
    return Error{Errc::bad_value, "plugin.no_descriptor", "its plugin descriptor does not carry the mark of Qiao"};
  }
  LibraryPeek peek;
  peek.abi_tag = elf.text(elf.pointer(at + offsetof(PluginDescriptor, abi_tag)));
  if (peek.abi_tag != QIAO_ABI_TAG || size != sizeof(PluginDescriptor)) {
    return Error{Errc::bad_value, "plugin.abi_mismatch",
                 fmt::format("built for \"{}\", this hub is \"{}\"{}; rebuild it against this hub's SDK", peek.abi_tag,
                             QIAO_ABI_TAG,
                             size == sizeof(PluginDescriptor) ? ""
                                                              : fmt::format(" (descriptor of {} bytes, expected {})",
                                                                            size, sizeof(PluginDescriptor)))};
  }
  peek.name = elf.text(elf.pointer(at + offsetof(PluginDescriptor, name)));
  peek.kind = elf.text(elf.pointer(at + offsetof(PluginDescriptor, kind)));
  peek.version = elf.text(elf.pointer(at + offsetof(PluginDescriptor, version)));
  if (peek.name.empty()) return Error{Errc::bad_value, "plugin.no_descriptor", "its plugin descriptor has no name"};
  for (std::string& name : elf.needed()) {
    if (name.starts_with("libqiao-") && name.find('/') == std::string::npos) peek.companions.push_back(std::move(name));
  }
  return peek;
}

}  // namespace qiao::core

#include "npu/kernels/declared/names.h"

#include <cxxabi.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <set>
#include <sstream>
#include <vector>

namespace sotto::npu::declared {
namespace {

using Tokens = std::vector<std::string>;

/// The text that line markers (# 12 "path" …) say to come from `folder`.
std::string text_of_folder(const std::string& preprocessed, const std::string& folder) {
  std::istringstream lines(preprocessed);
  std::string kept;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# ")) {
      inside = line.find(folder) != std::string::npos;
    } else if (inside) {
      kept += line + '\n';
    }
  }
  return kept;
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

/// Words, literals, and everything else one character at a time; # lines are left out.
Tokens tokenize(const std::string& text) {
  Tokens tokens;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    if (is_word(text[at])) {
      while (end < text.size() && is_word(text[end])) ++end;
    } else if (text[at] == '"') {
      while (text[end] != '"') end += text[end] == '\\' ? 2 : 1;
      ++end;
    } else if (text[at] == '#') {
      end = std::min(text.find('\n', at), text.size());
    }
    const char first = text[at];
    if (first != '#' && std::isspace(static_cast<unsigned char>(first)) == 0) {
      tokens.push_back(text.substr(at, end - at));
    }
    at = end;
  }
  return tokens;
}

// What cannot be read throws std::out_of_range.

/// Behind the bracket that closes the one at `at`.
std::size_t behind(const Tokens& tokens, std::size_t at) {
  int depth = 0;
  do {
    const std::string& t = tokens.at(at++);
    if (t == "(" || t == "{" || t == "[") ++depth;
    if (t == ")" || t == "}" || t == "]") --depth;
  } while (depth > 0);
  return at;
}
/// Behind the > that closes the < at `at`.
std::size_t behind_angle(const Tokens& tokens, std::size_t at) {
  int depth = 0;
  do {
    const std::string& t = tokens.at(at);
    if (t == "(" || t == "{" || t == "[") {
      at = behind(tokens, at);
      continue;
    }
    if (t == "<") ++depth;
    if (t == ">") --depth;
    ++at;
  } while (depth > 0);
  return at;
}

/// `name` in the scope `path`, as Names has it; empty if it is not public.
std::string public_name(const std::string& path, const std::string& name) {
  for (const char* hidden : {"sotto::", "std::", "aie::detail::"}) {
    if (path.starts_with(hidden)) return {};
  }
  const std::string intrinsics = "aie::intrinsics::";
  return (path.starts_with(intrinsics) ? path.substr(intrinsics.size()) : path) + name;
}

/// Behind the word operator at `at`: what is called, and moves `at` on to the ( of the operands.
std::string operator_name(const Tokens& tokens, std::size_t& at) {
  if (is_word(tokens[++at][0])) {
    while (tokens.at(at) != "(") at = tokens[at] == "<" ? behind_angle(tokens, at) : at + 1;
    return "conversion";
  }
  std::string name = "operator";
  while (tokens.at(at) != "(") {
    if (tokens[at] == "<" && is_word(tokens[at + 1][0])) {  // operator=<int>(…)
      at = behind_angle(tokens, at);
    } else {
      name += tokens[at++];
    }
  }
  return name;
}

class Reader {
 public:
  explicit Reader(Tokens tokens) : tokens_(std::move(tokens)) {}

  Names read() {
    while (at_ < tokens_.size()) declaration();
    return names_;
  }

 private:
  struct Scope {
    std::string path;  ///< with :: behind it
    bool open;         ///< public
  };

  const std::string& token() const {
    static const std::string kEnd = ";";
    return at_ < tokens_.size() ? tokens_[at_] : kEnd;
  }
  std::string take() { return tokens_.at(at_++); }
  bool take_if(const std::string& expected) {
    if (token() != expected) return false;
    ++at_;
    return true;
  }
  void skip_to_semicolon() {
    while (token() != ";") at_ = token() == "{" || token() == "(" ? behind(tokens_, at_) : at_ + 1;
    ++at_;
  }

  void add(const std::string& name, Name how = {}) {
    const std::string full = public_name(scopes_.back().path, name);
    if (full.empty() || !scopes_.back().open) return;
    names_[full].forms += how.forms;
    names_[full].foreign += how.foreign;
  }

  /// One declaration of the current scope, or its end.
  void declaration() {
    if (take_if("}")) {
      scopes_.pop_back();
      return;
    }
    if (take_if(";")) return;
    if (token() == "public" || token() == "private") {
      scopes_.back().open = take() == "public";
      ++at_;  // the colon
      return;
    }
    while (token() == "template" || token() == "inline" || token() == "friend" ||
           token() == "extern") {
      if (take() == "template") at_ = behind_angle(tokens_, at_);
      if (token().starts_with('"')) ++at_;
    }
    if (take_if("namespace")) return open_namespace();
    if (take_if("using")) return alias();
    if (take_if("enum")) return enumeration();
    if (token() == "concept" || token() == "static_assert") return skip_to_semicolon();
    function_or_variable();
  }

  void open_namespace() {
    std::string path = scopes_.back().path;
    while (token() != "{") {
      path += take();
    }
    ++at_;
    scopes_.push_back({path + "::", true});
  }

  void alias() {
    if (tokens_[at_ + 1] == "=") add(token());
    skip_to_semicolon();
  }

  void enumeration() {
    std::string path = scopes_.back().path;
    if (take_if("class")) {
      path += token() + "::";
      add(token());
    }
    while (token() != "{") ++at_;
    const std::size_t end = behind(tokens_, at_);
    scopes_.push_back({path, scopes_.back().open});
    for (++at_; at_ + 1 < end; ++at_) {
      add(token());
      while (token() != "," && at_ + 1 < end) ++at_;
    }
    scopes_.pop_back();
    at_ = end;
    skip_to_semicolon();
  }

  /// Reads on to the name; what stands before it may have brackets of its own.
  void function_or_variable() {
    std::string name;
    while (true) {
      const std::string t = token();
      if (t == "class" || t == "struct") return class_head();
      if (t == "operator") return finish(operator_name(tokens_, at_));
      if (t == "requires" || t == "decltype" || t == "alignas" || t == "explicit") {
        ++at_;
        if (token() == "(") at_ = behind(tokens_, at_);
      } else if (t == "[") {
        at_ = behind(tokens_, at_);
      } else if (t == "<") {
        at_ = behind_angle(tokens_, at_);
      } else if (t == "(" || t == "=" || t == ";" || t == "{") {
        return finish(name);
      } else {
        name = name.ends_with(':') ? name + take() : take();
      }
    }
  }

  /// From the bracket, the = or the ; behind the name on.
  void finish(const std::string& name) {
    if (token() != "(") {  // a variable, or the forward declaration of a class
      if (token() == "=") add(name);
      return skip_to_semicolon();
    }
    at_ = behind(tokens_, at_);
    bool body = false;
    while (token() != ";" && token() != "{") {
      if (token() == "=" || token() == ":") body = true;  // = default, an initializer list
      at_ = token() == "(" ? behind(tokens_, at_) : at_ + 1;
    }
    body = body || token() == "{";
    if (token() == "{") {
      at_ = behind(tokens_, at_);
    } else {
      ++at_;
    }
    if (name[0] != ':') add(name, {1, body ? 0 : 1});  // else it is declared elsewhere
  }

  void class_head() {
    const bool is_struct = take() == "struct";
    std::string name;
    while (token() != "{" && token() != ";" && token() != ":") {
      if (token() == "[" || token() == "(") {
        at_ = behind(tokens_, at_);
      } else if (token() == "alignas") {
        ++at_;
      } else if (token() == "<") {
        at_ = behind_angle(tokens_, at_);  // a specialization
      } else {
        if (name.empty()) name = token();
        ++at_;
      }
    }
    if (tokens_[at_ + 1] == ":") name = "std::";  // a specialization of a class of std
    while (token() != "{" && token() != ";") ++at_;
    if (take_if(";")) return;
    ++at_;
    const Scope scope = scopes_.back();
    if (name != "std::") add(name);
    scopes_.push_back({name == "std::" ? name : scope.path + name + "::", is_struct && scope.open});
  }

  Tokens tokens_;
  std::size_t at_ = 0;
  std::vector<Scope> scopes_{{"", true}};
  Names names_;
};

/// The name of a function from its demangled symbol.
std::string name_of_symbol(const std::string& demangled) {
  const Tokens tokens = tokenize(demangled);
  std::string path;  // the words behind the return type
  for (std::size_t at = 0; at < tokens.size() && tokens[at] != "(";) {
    if (tokens[at] == "<") {
      at = behind_angle(tokens, at);
    } else if (tokens[at] == "operator") {
      return public_name(path, operator_name(tokens, at));
    } else {
      const bool continues = tokens[at] == ":" || path.ends_with(':');
      path = continues ? path + tokens[at] : tokens[at];
      ++at;
    }
  }
  const std::size_t name = path.rfind(':') + 1;
  return public_name(path.substr(0, name), path.substr(name));
}

/// What the host has for its own code only, or from the standard library.
const std::set<std::string> kOfTheHost = {
    "aie::accum::data",
    "aie::accum::lane_type",
    "aie::mmul::data",
    "aie::sparse_vector::cells",
    "aie::sparse_vector::load_compressed",
    "aie::sparse_vector::masks",
    "aie::sparse_vector::set",
    "aie::vector::data",
    "aie::vector::recast",
    "aie::vector::reference",
    "aie::vector_iterator::element",
    "aie::vector_iterator::iterator_category",
    "aie::vector_iterator::operator<=>",  // declared as <
};

}  // namespace

Names names_of_header(const std::string& preprocessed, const std::string& folder) {
  return Reader(tokenize(text_of_folder(preprocessed, folder))).read();
}

Names names_of_symbols(const std::string& listing) {
  std::istringstream lines(listing);
  std::set<std::string> symbols;
  for (std::string line; std::getline(lines, line);) {
    if (const std::size_t end = line.find(" U"); end != std::string::npos) {
      symbols.insert(line.substr(0, end));
    }
  }
  Names names;
  for (const std::string& symbol : symbols) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> demangled(
        abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free);
    if (status == 0) ++names[name_of_symbol(demangled.get())].foreign;
  }
  return names;
}

std::vector<std::string> faults(const Names& host, const Names& declared, const Names& called) {
  std::vector<std::string> result;
  for (const auto& [name, how] : host) {
    const auto found = declared.find(name);
    if (kOfTheHost.contains(name)) continue;
    if (found == declared.end()) {
      result.push_back(name + " is in the host API and not declared");
    } else if (found->second.forms < how.forms) {
      result.push_back(name + " has " + std::to_string(how.forms) + " forms in the host API, " +
                       std::to_string(found->second.forms) + " are declared");
    }
  }
  for (const auto& [name, how] : declared) {
    const auto found = called.find(name);
    const int calls = found == called.end() ? 0 : found->second.foreign;
    if (name.starts_with("__")) continue;  // what compilers call
    if (calls < how.foreign) {
      result.push_back(name + " is declared in " + std::to_string(how.foreign) +
                       " forms, of which at most " + std::to_string(calls) + " are called");
    }
  }
  return result;
}

}  // namespace sotto::npu::declared

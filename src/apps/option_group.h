// Options whose values go to functions of our own, for the files that declare commands.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace sotto::apps {

/// Declares options that hand their text to a function, whose errors name the option.
class OptionGroup {
 public:
  OptionGroup(CLI::App& app, std::string name) : app_(app), name_(std::move(name)) {}

  CLI::Option* add(const std::string& names, const char* value_name, const std::string& help,
                   const std::function<void(const std::string&)>& take) {
    const std::string name = names.substr(0, names.find(','));
    const auto take_value = [take, name](const std::string& value) {
      try {
        take(value);
      } catch (const Error& error) {
        fail(error.kind(), name, ": ", error.what());
      }
    };
    return app_.add_option_function<std::string>(names, take_value, help)
        ->group(name_)
        ->type_name(value_name);
  }

 private:
  CLI::App& app_;
  std::string name_;
};

/// "--help" and what else prints a text instead of doing something.
inline bool asks_for_text(std::string_view argument) {
  return argument == "-h" || argument == "--help" || argument == "--version";
}

}  // namespace sotto::apps

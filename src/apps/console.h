// What the user sees: text on standard output, everything else on standard error.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace sotto::apps {

/// Standard output takes no more. Not an Error: it is not the fault of the file at hand, and the
/// others would fare no better.
class OutputClosed : public std::runtime_error {
 public:
  OutputClosed(bool reader_left, const std::string& reason)
      : std::runtime_error("cannot write to standard output: " + reason),
        reader_left_(reader_left) {}
  /// The program at the other end of the pipe has ended, as `head` does: no reason to complain.
  bool reader_left() const { return reader_left_; }

 private:
  bool reader_left_;
};

/// Opens /dev/null in the place of standard streams that are closed, so that no other file takes
/// their numbers (writing to it fails). A closed pipe and a file over the size limit become errors
/// of the write instead of signals.
void prepare_standard_streams();

/// Text and messages, with a progress line below them when standard error is a terminal. Control
/// characters in messages, which come from the names of files, are shown as "?".
class Console {
 public:
  Console();
  ~Console();
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  /// Writes `line` and a line end to standard output at once. Throws OutputClosed.
  void text(std::string_view line);
  /// The same of text that may end in line ends, which become one.
  void lines(std::string_view text);
  /// The same as text() to standard error, after "sotto: "; it may be closed.
  void message(std::string_view line);
  /// The same without that.
  void note(std::string_view line);
  /// Replaces the progress line, which is cut to the terminal's width; an empty one takes it away.
  void progress(std::string line);

 private:
  void erase_progress() const;
  void draw_progress() const;

  bool terminal_;
  std::string progress_;
};

}  // namespace sotto::apps

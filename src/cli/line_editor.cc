// SPDX-License-Identifier: Apache-2.0
#include "cli/line_editor.h"

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include <histedit.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lares::cli {
namespace {

constexpr int kHistoryLines = 1000;
constexpr std::size_t kMaxPaste = 1U << 20U;
// Terminals that know it wrap a paste in these, so that its line breaks are not taken for Enter.
constexpr const char* kPasteBegins = "\033[200~";
constexpr std::wstring_view kPasteEnds = L"\033[201~";
constexpr std::string_view kPasteOn = "\033[?2004h";
constexpr std::string_view kPasteOff = "\033[?2004l";
// libedit: a prompt's escape sequences stand between two of these.
constexpr char kInvisible = '\1';

void Send(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

// Without a UTF-8 locale libedit shows every byte of "你" as a number.
void UseUtf8() {
  std::setlocale(LC_CTYPE, "");
  const char* name = std::setlocale(LC_CTYPE, nullptr);
  const std::string_view locale = name == nullptr ? "" : name;
  if (locale.find("UTF-8") == std::string_view::npos && locale.find("utf8") == std::string_view::npos) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
  }
}

}  // namespace

struct LineEditor::State {
  explicit State(Options opts) : options(std::move(opts)) {
    UseUtf8();
    history = ::history_init();
    HistEvent event{};
    ::history(history, &event, H_SETSIZE, kHistoryLines);
    ::history(history, &event, H_SETUNIQUE, 1);
    if (!options.history_file.empty()) ::history(history, &event, H_LOAD, options.history_file.c_str());
    editor = ::el_init("lares", stdin, stdout, stderr);
    ::el_set(editor, EL_CLIENTDATA, this);
    ::el_set(editor, EL_PROMPT_ESC, &Prompt, kInvisible);
    ::el_set(editor, EL_EDITOR, "emacs");
    ::el_set(editor, EL_SIGNAL, 0);
    ::el_set(editor, EL_HIST, &::history, history);
    // Ctrl-C comes as a character, so that it cannot end the process between two lines.
    ::el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
    ::el_set(editor, EL_ADDFN, "lares-interrupt", "Empties the line", &OnInterrupt);
    ::el_set(editor, EL_ADDFN, "lares-paste", "Takes a paste as it is", &OnPaste);
    ::el_set(editor, EL_BIND, "^C", "lares-interrupt", nullptr);
    ::el_set(editor, EL_BIND, kPasteBegins, "lares-paste", nullptr);
    ::el_set(editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    ::el_set(editor, EL_BIND, "\033[3~", "ed-delete-next-char", nullptr);
    ::el_set(editor, EL_BIND, "\033[1;5C", "em-next-word", nullptr);
    ::el_set(editor, EL_BIND, "\033[1;5D", "ed-prev-word", nullptr);
  }
  ~State() {
    ::el_end(editor);
    ::history_end(history);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  static State& Of(EditLine* editor) {
    void* self = nullptr;
    ::el_get(editor, EL_CLIENTDATA, &self);
    return *static_cast<State*>(self);
  }

  static char* Prompt(EditLine* editor) { return Of(editor).prompt.data(); }

  static unsigned char OnInterrupt(EditLine* editor, int) {
    State& state = Of(editor);
    state.interrupted = true;
    const LineInfo* line = ::el_line(editor);
    ::el_cursor(editor, static_cast<int>(line->lastchar - line->cursor));
    ::el_deletestr(editor, static_cast<int>(line->lastchar - line->buffer));
    return CC_NEWLINE;
  }

  // Wide characters: the narrow functions of libedit refuse everything beyond Latin-1.
  static unsigned char OnPaste(EditLine* editor, int) {
    std::wstring text;
    wchar_t c = 0;
    while (text.size() < kMaxPaste && ::el_wgetc(editor, &c) == 1) {
      text += c == L'\r' ? L'\n' : c;
      if (text.ends_with(kPasteEnds)) {
        text.resize(text.size() - kPasteEnds.size());
        break;
      }
    }
    // A paste of one line often carries its line break along; Enter stays the user's.
    while (text.ends_with(L'\n')) text.pop_back();
    std::erase(text, L'\0');
    std::erase(text, L'\033');
    ::el_winsertstr(editor, text.c_str());
    return CC_REFRESH;
  }

  void SetPrompt(bool more) {
    const std::string text = more ? "..." : ">>>";
    const std::string colour = std::string{kInvisible} + "\033[1;36m" + kInvisible;
    const std::string plain = std::string{kInvisible} + "\033[0m" + kInvisible;
    // libedit sends an escape sequence along with the character after it: the blank stands last.
    prompt = options.colours ? colour + text + plain + " " : text + " ";
  }

  void Remember(const std::string& line) {
    HistEvent event{};
    ::history(history, &event, H_ENTER, line.c_str());
    if (options.history_file.empty()) return;
    // What people ask is theirs alone.
    const mode_t mask = ::umask(0077);
    ::history(history, &event, H_SAVE, options.history_file.c_str());
    ::umask(mask);
  }

  const Options options;
  History* history = nullptr;
  EditLine* editor = nullptr;
  std::string prompt;
  bool interrupted = false;
};

LineEditor::LineEditor(Options options) : state_(std::make_unique<State>(std::move(options))) {}
LineEditor::~LineEditor() = default;

LineSource::Line LineEditor::Read(bool more) {
  state_->SetPrompt(more);
  state_->interrupted = false;
  Send(kPasteOn);
  int count = 0;
  const char* bytes = ::el_gets(state_->editor, &count);
  Send(kPasteOff);
  if (state_->interrupted) {
    Send("^C\n");  // the emptied line stays where it was, the next one begins below
    return {.kind = Kind::kInterrupted, .text = {}};
  }
  if (bytes == nullptr || count <= 0) {
    const bool signal = bytes == nullptr && count < 0 && errno == EINTR;
    return {.kind = signal ? Kind::kInterrupted : Kind::kEnd, .text = {}};
  }
  std::string line(bytes, std::strlen(bytes));
  if (line.ends_with('\n')) line.pop_back();
  if (line.find_first_not_of(" \t\n") != std::string::npos) state_->Remember(line);
  return {.kind = Kind::kLine, .text = std::move(line)};
}

}  // namespace lares::cli

// SPDX-License-Identifier: Apache-2.0
#include "http/port_holder.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

namespace lares::http {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// Lines of /proc/net/tcp: "sl local_address rem_address st ... inode"; local_address is "0100007F:1F90",
// state 0A listens, the inode is the tenth word (proc(5)).
void AddListeners(const char* table, std::uint16_t port, std::set<std::string>& inodes) {
  std::ifstream in(table);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    const auto words = Words(line);
    if (words.size() < 10 || words[3] != "0A") continue;
    const std::size_t colon = words[1].rfind(':');
    if (colon == std::string::npos) continue;
    unsigned found = 0;
    std::from_chars(words[1].data() + colon + 1, words[1].data() + words[1].size(), found, 16);
    if (found == port) inodes.insert("socket:[" + words[9] + "]");
  }
}

bool HoldsOneOf(const fs::path& process, const std::set<std::string>& inodes) {
  std::error_code error;
  for (fs::directory_iterator fd(process / "fd", error), end; !error && fd != end; fd.increment(error)) {
    std::error_code gone;
    const fs::path target = fs::read_symlink(fd->path(), gone);
    if (!gone && inodes.contains(target.string())) return true;
  }
  return false;
}

std::string FindHolder(const std::set<std::string>& inodes) {
  if (inodes.empty()) return {};
  std::error_code error;
  for (fs::directory_iterator process("/proc", error), end; !error && process != end;
       process.increment(error)) {
    const std::string pid = process->path().filename().string();
    if (pid.find_first_not_of("0123456789") != std::string::npos || !HoldsOneOf(process->path(), inodes))
      continue;
    std::string name;
    std::ifstream comm(process->path() / "comm");
    std::getline(comm, name);
    return "pid " + pid + (name.empty() ? "" : " (" + name + ")");
  }
  return {};
}

}  // namespace

std::string HolderOfTcpPort(std::uint16_t port) {
  std::set<std::string> inodes;
  AddListeners("/proc/net/tcp", port, inodes);
  AddListeners("/proc/net/tcp6", port, inodes);
  return FindHolder(inodes);
}

std::string HolderOfUnixSocket(const std::string& path) {
  // "Num RefCount Protocol Flags Type St Inode Path"
  std::set<std::string> inodes;
  std::ifstream in("/proc/net/unix");
  for (std::string line; std::getline(in, line);) {
    const auto words = Words(line);
    if (words.size() >= 8 && words[7] == path) inodes.insert("socket:[" + words[6] + "]");
  }
  return FindHolder(inodes);
}

}  // namespace lares::http

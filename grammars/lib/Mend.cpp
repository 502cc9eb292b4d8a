// Tries every edit of one bracket that balances the text's brackets, the likeliest first.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Mend.h"
#include "Tokens.h"

#include "llvm/ADT/StringSet.h"

#include <array>

using namespace rnet;

namespace {

/// Texts beyond this get no notes, and no more than this much text is parsed for the others.
constexpr size_t kMaxText = 128 << 10;
constexpr size_t kMaxWork = 4 << 20;
constexpr unsigned kMaxNotes = 3;

/// How many more brackets of each kind open than close.
using Balance = std::array<int, 3>;
constexpr llvm::StringRef kBrackets = "{}()[]";

/// What a token, if it is a bracket, adds to the balance.
Balance effect(llvm::StringRef token) {
  Balance balance = {};
  const size_t found = token.size() == 1 ? kBrackets.find(token) : llvm::StringRef::npos;
  if (found != llvm::StringRef::npos)
    balance[found / 2] = found % 2 ? -1 : 1;
  return balance;
}
bool isOpening(llvm::StringRef token) { return llvm::is_contained({"{", "(", "["}, token); }
bool isBracket(llvm::StringRef token) { return effect(token) != Balance{}; }

/// How an edit agrees with the text's layout. Among edits of one rank the nearest to the error goes
/// first, but layout breaks first where the bracket was lost.
enum Rank {
  endsBlock, ///< a bracket before a line that is indented no more than the one that opened it
  endsLine,  ///< a bracket at the end of a line
  familiar,  ///< makes the text more like the rest of it
  plain,
  odd, ///< closes no bracket, or where it opens, or all; or replaces what is no bracket
};

/// Puts a bracket, or nothing, before a token or in its place.
struct Edit {
  Rank rank;
  size_t token;
  bool replaces;
  llvm::StringRef bracket;
};

class Mender {
public:
  Mender(llvm::StringRef text, ast::Range place)
      : text(text), file(place.file), tokens(tokenize(text, file).tokens) {
    for (error = 0; error < tokens.size() && tokens[error].begin < place.begin;)
      ++error;
    for (size_t token = 1; token < tokens.size(); ++token) {
      const std::string pair = (spell(token - 1) + " " + spell(token)).str();
      if (isOpening(spell(token)))
        seen.insert(pair);
      else if (isBracket(spell(token)) && token + 1 < tokens.size())
        seen.insert((pair + " " + spell(token + 1)).str());
    }
  }

  /// Every edit before the error that balances the brackets, the likeliest first.
  std::vector<Edit> findEdits() const;
  std::string apply(const Edit &edit) const {
    const uint32_t begin = tokens[edit.token].begin;
    const uint32_t end = edit.replaces ? tokens[edit.token].end : begin;
    return (text.take_front(begin) + " " + edit.bracket + " " + text.drop_front(end)).str();
  }
  void note(const Edit &edit, Diagnostics &diagnostics) const;

private:
  llvm::StringRef spell(size_t token) const {
    return text.slice(tokens[token].begin, tokens[token].end);
  }
  /// The column of the first token of a token's line.
  size_t indentation(size_t token) const {
    const size_t line = text.take_front(tokens[token].begin).rfind('\n') + 1; // npos + 1 is 0
    return text.drop_front(line).find_first_not_of(" \t");
  }
  bool startsLine(size_t token) const {
    return token > 0 && text.slice(tokens[token - 1].end, tokens[token].begin).contains('\n');
  }
  Rank rankInsertion(size_t token, llvm::StringRef bracket, llvm::ArrayRef<size_t> open) const;
  /// Whether a bracket between two tokens stands there elsewhere too: an opening one behind the
  /// first, a closing one between both.
  bool isFamiliar(llvm::StringRef before, llvm::StringRef bracket, llvm::StringRef after) const {
    return seen.contains(isOpening(bracket) ? (before + " " + bracket).str()
                                            : (before + " " + bracket + " " + after).str());
  }

  llvm::StringRef text;
  uint32_t file;
  std::vector<ast::Range> tokens;
  llvm::StringSet<> seen; ///< words and what opens behind them; what closes, and its neighbours
  size_t error;           ///< the token at which the parser stopped, or their number
};

Rank Mender::rankInsertion(size_t token, llvm::StringRef bracket,
                           llvm::ArrayRef<size_t> open) const {
  if (isOpening(bracket))
    return plain;
  const bool closesLast =
      !open.empty() && kBrackets.find(spell(open.back())) + 1 == kBrackets.find(bracket);
  if (open.size() < 2 || open.back() + 1 == token || !closesLast)
    return odd;
  if (!startsLine(token))
    return plain;
  if (indentation(token) > indentation(open.back()))
    return endsLine;
  // A bracket right below the line that it closes stands where it should.
  const bool closes = isBracket(spell(token)) && !isOpening(spell(token));
  return closes && indentation(token) == indentation(open.back()) ? endsLine : endsBlock;
}

std::vector<Edit> Mender::findEdits() const {
  Balance balance = {};
  auto add = [](Balance left, Balance right, int sign = 1) {
    for (auto [l, r] : llvm::zip(left, right))
      l += sign * r;
    return left;
  };
  for (size_t token = 0; token < tokens.size(); ++token)
    balance = add(balance, effect(spell(token)));
  if (balance == Balance{})
    return {};

  std::vector<Edit> edits;
  std::vector<size_t> open;
  for (size_t token = 0; token < error; ++token) {
    llvm::StringRef old = spell(token);
    llvm::StringRef before = token ? spell(token - 1) : "";
    llvm::StringRef after = token + 1 < tokens.size() ? spell(token + 1) : "";
    // Among equal brackets it makes no difference where one goes or comes: the first stands for
    // all.
    for (size_t i = 0; i < kBrackets.size(); ++i) {
      llvm::StringRef bracket = kBrackets.substr(i, 1);
      const Balance inserted = add(balance, effect(bracket));
      if (inserted == Balance{} && bracket != before) {
        const Rank rank = rankInsertion(token, bracket, open);
        const bool likely = rank == plain && isFamiliar(before, bracket, old);
        edits.push_back({likely ? familiar : rank, token, false, bracket});
      }
      if (bracket != old && add(inserted, effect(old), -1) == Balance{}) {
        const bool likely = isFamiliar(before, bracket, after);
        edits.push_back({likely ? familiar : isBracket(old) ? plain : odd, token, true, bracket});
      }
    }
    if (isBracket(old) && old != before && add(balance, effect(old), -1) == Balance{})
      edits.push_back({old == after ? familiar : plain, token, true, ""});
    if (isOpening(old))
      open.push_back(token);
    else if (isBracket(old) && !open.empty())
      open.pop_back();
  }
  llvm::stable_sort(edits, [](const Edit &left, const Edit &right) {
    if (left.rank != right.rank)
      return left.rank < right.rank;
    return left.rank == endsBlock ? left.token < right.token : left.token > right.token;
  });
  return edits;
}

void Mender::note(const Edit &edit, Diagnostics &diagnostics) const {
  const std::string bracket = ("'" + edit.bracket + "'").str(),
                    old = ("'" + spell(edit.token) + "'").str();
  if (!edit.replaces) {
    const uint32_t end = edit.token ? tokens[edit.token - 1].end : 0;
    diagnostics.note({end, end, file}, "with a " + bracket + " here, the spec would parse");
  } else if (edit.bracket.empty()) {
    diagnostics.note(tokens[edit.token], "without this " + old + ", the spec would parse");
  } else {
    diagnostics.note(tokens[edit.token],
                     "with a " + bracket + " for this " + old + ", the spec would parse");
  }
}

} // namespace

void rnet::noteMends(llvm::StringRef text, ast::Range place,
                     llvm::function_ref<bool(llvm::StringRef)> parses, Diagnostics &diagnostics) {
  if (text.size() > kMaxText)
    return;
  const Mender mender(text, place);
  size_t work = 0;
  unsigned notes = 0;
  for (const Edit &edit : mender.findEdits()) {
    work += text.size();
    if (work > kMaxWork || notes == kMaxNotes || (notes > 0 && edit.rank == odd))
      return;
    if (parses(mender.apply(edit))) {
      mender.note(edit, diagnostics);
      ++notes;
    }
  }
}

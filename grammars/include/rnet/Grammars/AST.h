// The abstract syntax of a `.rnet` spec: what a person wrote, with where they wrote it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace rnet::ast {

/// Byte offsets into the text of a file: [begin, end).
struct Range {
  uint32_t begin = 0, end = 0;
  uint32_t file = 0; ///< the number of its buffer in the SourceMgr
};
struct Ranged {
  Range range;
};

struct Name : Ranged {
  std::string text;
};

struct Argument;

/// A value: `250`, `1e-3`, `relu`, `3x3`, `"text"`, `adam(rate: 1e-3)`, `2 * width`.
struct Expression : Ranged {
  enum class Kind { number, name, size, string, call, add, subtract, multiply, divide, negate };
  Kind kind = Kind::number;
  std::string text;               ///< number, name, string, call: as written
  double number = 0;              ///< number
  std::vector<Argument> operands; ///< call: its arguments; arithmetic: one or two without names
};

/// `250` or `rate: 1e-3`.
struct Argument : Ranged {
  std::optional<Name> name;
  Expression value;
};

/// `dense(250, relu)`, `hidden: dense(32)`.
struct Layer : Ranged {
  std::optional<Name> label;
  Name kind;
  std::vector<Argument> arguments;
};

struct Repeat;
struct Branches;
using LayerItem = std::variant<Layer, Repeat, Branches>;

/// `{ ... }`, brackets included.
struct Body : Ranged {
  std::vector<LayerItem> items;
};

/// `repeat 3 { ... }`.
struct Repeat : Ranged {
  Expression count;
  Body body;
};

/// `residual { ... }`, `residual { ... } shortcut { ... }`, `concat { ... } { ... }`.
struct Branches : Ranged {
  std::optional<Name> label;
  Name kind;
  std::vector<Body> bodies;
};

/// `body`, `body[4]`, `body[4..]`, `body[1..3]`.
struct Slice : Ranged {
  Name list;
  std::optional<Expression> first, last;
  bool isOpen = false; ///< to the end of the list
};

/// `f32[23]`, `f32[32x32x3]`.
struct TensorType : Ranged {
  Name element;
  std::vector<Expression> shape;
};
/// `class[13]`, `class[person, car, bus]`.
struct ClassType : Ranged {
  std::vector<Expression> classes;
};

struct Input : Ranged {
  Name name;
  TensorType type;
  Name node;
  bool isPrivate = false;
};
struct Output : Ranged {
  Name name;
  std::variant<ClassType, TensorType> type;
  Name node;
};
/// `exit activity at fog2 { dense(13, softmax) }`: an auxiliary output.
struct Exit : Ranged {
  Name output, node;
  Body head;
};
/// `node fog1 as int8 { ... }`.
struct Node : Ranged {
  Name name;
  std::optional<Name> element; ///< as int8
  std::variant<std::monostate, Body, Slice> layers;
};

/// What may stand behind a hyperconnection.
struct ConnectionOptions {
  std::variant<std::monostate, Layer, Body> project;
  std::optional<Expression> weight;
  std::optional<Name> element; ///< as bf16
  std::optional<Range> standby;
  std::vector<Name> standsFor;
};
/// `iot -> edge -> fog2`: simple hyperconnections.
struct Chain : Ranged {
  std::vector<Name> nodes;
  ConnectionOptions options; ///< of the last one
};
/// `skip iot -> fog2 project dense(250)`; several senders are one stand-in group.
struct Skip : Ranged {
  std::vector<Name> senders;
  Name receiver;
  ConnectionOptions options;
};

/// `average fog3, fog4 -> fog2`: what the receiver adds where one of these is missing.
struct Average : Ranged {
  std::vector<Name> senders;
  Name receiver;
};

/// `link lan: edge, fog2, fog1`: joins these nodes.
struct Link : Ranged {
  Name name;
  std::vector<Name> members;
};
/// `group rack: fog2, fog1, lan`: nodes and links that fail together.
struct Group : Ranged {
  Name name;
  std::vector<Name> members;
};

struct Reliability : Ranged {
  struct Entry : Ranged {
    Name name;                       ///< of a node, link or group
    std::optional<Expression> value; ///< nothing: always
  };
  Name name;
  std::vector<Entry> entries;
};
struct Train : Ranged {
  Range keyword;
  std::vector<Argument> settings; ///< all named
};
/// `budget edge { memory: 512 kB  sent: 16 kB }`.
struct Budget : Ranged {
  struct Entry : Ranged {
    Name name;
    Expression value;
    Name unit;
  };
  Name node;
  std::vector<Entry> entries;
};

/// `import "mobilenet.rnet"`.
struct Import : Ranged {
  Expression path; ///< a string
};
struct Const : Ranged {
  Name name;
  Expression value;
};
/// `block separable(filters, step = 1) { ... }`.
struct Block : Ranged {
  struct Parameter : Ranged {
    Name name;
    std::optional<Expression> otherwise;
  };
  Name name;
  std::vector<Parameter> parameters;
  Body body;
};
/// `layers body { ... }`: to be cut into nodes.
struct List : Ranged {
  Name name;
  Body body;
};

using Item = std::variant<Input, Output, Exit, Node, Chain, Skip, Average, Link, Group, Reliability,
                          Train, Budget, Const, Block, List>;

struct Network : Ranged {
  Name name;
  std::vector<Item> items;
};

/// `// text`, kept beside the tree by offset.
struct Comment : Ranged {};

/// What may stand before a network.
using FileItem = std::variant<Import, Const, Block, List>;

struct File {
  uint32_t file = 0;               ///< the number of its buffer in the SourceMgr
  std::optional<Range> importedBy; ///< the path in the import that brought it first
  std::vector<FileItem> items;
  std::optional<Network> network; ///< a file that is imported may lack one
  std::vector<Comment> comments;
};

} // namespace rnet::ast

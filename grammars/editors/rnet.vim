" Vim syntax of .rnet specs: copy it to ~/.vim/syntax/, and say `autocmd BufRead,BufNewFile *.rnet setfiletype rnet`.
" Its words are those of ../rnet.ebnf: a test compares them. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
if exists("b:current_syntax")
  finish
endif

syntax keyword rnetDeclaration network input output exit node skip average link group reliability budget train import const block layers
syntax keyword rnetStatement repeat residual shortcut concat project weight as for at
syntax keyword rnetModifier private always standby
syntax match rnetType /\<\h\w*\ze\s*\[/
syntax match rnetLabel /\<\h\w*\ze\s*:/
syntax match rnetCall /\<\h\w*\ze\s*(/
syntax match rnetNumber /\<\d\+\(\.\d\+\)\?\([eE][+-]\?\d\+\)\?\>/
syntax match rnetSize /\<\d\+\(x\d\+\)\+\>/
syntax match rnetArrow /->/
syntax region rnetString start=/"/ end=/"/ oneline
syntax match rnetComment /\/\/.*$/

highlight default link rnetDeclaration Keyword
highlight default link rnetStatement Statement
highlight default link rnetModifier StorageClass
highlight default link rnetType Type
highlight default link rnetLabel Identifier
highlight default link rnetCall Function
highlight default link rnetNumber Number
highlight default link rnetSize Number
highlight default link rnetArrow Operator
highlight default link rnetString String
highlight default link rnetComment Comment

setlocal commentstring=//\ %s
let b:current_syntax = "rnet"

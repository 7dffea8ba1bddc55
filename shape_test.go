package releve_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
	"testing"
)

// What one person can keep in view: lines of a file, and of a function from
// its first line to its closing brace.
const (
	maxFileLines = 400
	maxFuncLines = 60
)

// exceptions lets a file ("dir/file.go") or a function ("dir/file.go Name" or
// "dir/file.go (Type).Name") be longer, each for a reason.
var exceptions = map[string]string{}

// silent names the methods whose meaning the standard library fixes: they
// need no comment of their own.
const silent = "Error Unwrap Is As String"

// TestSize fails for a file or function that is too long, and for an
// exception that nothing needs any more.
func TestSize(t *testing.T) {
	used := map[string]bool{}
	tooLong := func(what string, lines, limit int) {
		if _, excepted := exceptions[what]; excepted {
			used[what] = true
			return
		}
		t.Errorf("%s has %d lines, the limit is %d", what, lines, limit)
	}
	for _, s := range sources(t) {
		if s.lines > maxFileLines {
			tooLong(s.name, s.lines, maxFileLines)
		}
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1
			if lines > maxFuncLines {
				tooLong(s.name+" "+funcName(f), lines, maxFuncLines)
			}
		}
	}
	for what := range exceptions {
		if !used[what] {
			t.Errorf("the exception for %s is of no more use: remove it", what)
		}
	}
}

// TestNoWorkAtImport fails for an init function: cmd composes the program, so
// that importing a package does nothing.
func TestNoWorkAtImport(t *testing.T) {
	for _, s := range sources(t) {
		for _, decl := range s.file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: init functions are not used here", s.fset.Position(f.Pos()))
			}
		}
	}
}

// TestPackageComments fails for a package that does not say what it promises.
func TestPackageComments(t *testing.T) {
	dirs, files := packages(sources(t))
	for _, dir := range dirs {
		name := files[dir][0].file.Name.Name
		want := "Package " + name
		if name == "main" {
			want = "Command " + dir[strings.LastIndexByte(dir, '/')+1:]
		}
		found := slices.ContainsFunc(files[dir], func(s source) bool {
			return strings.HasPrefix(s.file.Doc.Text(), want+" ")
		})
		if !found {
			t.Errorf("package %s has no package comment that begins with %q", dir, want)
		}
	}
}

// TestExportedNamesAreDocumented fails for an exported name without a
// comment. A comment on a group of declarations serves for all of them.
func TestExportedNamesAreDocumented(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.file.Name.Name == "main" {
			continue
		}
		for _, decl := range s.file.Decls {
			for _, ident := range undocumented(decl) {
				t.Errorf("%s: exported %s has no comment", s.fset.Position(ident.Pos()), ident.Name)
			}
		}
	}
}

// undocumented returns the exported names of a declaration that no comment
// speaks of.
func undocumented(decl ast.Decl) []*ast.Ident {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Doc != nil || !d.Name.IsExported() || !exportedReceiver(d) {
			return nil
		}
		if d.Recv != nil && slices.Contains(strings.Fields(silent), d.Name.Name) {
			return nil
		}
		return []*ast.Ident{d.Name}
	case *ast.GenDecl:
		if d.Tok == token.IMPORT {
			return nil
		}
		var bare []*ast.Ident
		for _, spec := range d.Specs {
			bare = append(bare, bareNames(d, spec)...)
		}
		return bare
	}
	return nil
}

// bareNames returns the exported names of one line of a declaration that has
// no comment. A type has to have its own, also within a group.
func bareNames(d *ast.GenDecl, spec ast.Spec) []*ast.Ident {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		grouped := d.Lparen.IsValid()
		if s.Name.IsExported() && s.Doc == nil && (grouped || d.Doc == nil) {
			return []*ast.Ident{s.Name}
		}
	case *ast.ValueSpec:
		if s.Doc != nil || s.Comment != nil || d.Doc != nil {
			return nil
		}
		return slices.DeleteFunc(slices.Clone(s.Names), func(n *ast.Ident) bool { return !n.IsExported() })
	}
	return nil
}

// exportedReceiver reports whether a function is no method, or one of a type
// that other packages can name.
func exportedReceiver(f *ast.FuncDecl) bool {
	return f.Recv == nil || ast.IsExported(receiver(f))
}

// receiver returns the name of the type that a method belongs to.
func receiver(f *ast.FuncDecl) string {
	expr := f.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name
		default:
			return ""
		}
	}
}

// funcName returns the name of a function as the list of exceptions writes it.
func funcName(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	return fmt.Sprintf("(%s).%s", receiver(f), f.Name.Name)
}

// TestLibrarySearchIsCutFirst fails for a released program whose main does
// anything before it cuts where libraries are looked for.
func TestLibrarySearchIsCutFirst(t *testing.T) {
	seen := 0
	for _, s := range sources(t) {
		if s.test || path.Dir(s.dir) != "cmd" {
			continue
		}
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || f.Name.Name != "main" {
				continue
			}
			seen++
			if len(f.Body.List) == 0 || !calls(f.Body.List[0], "elevate", "CutSearch") {
				t.Errorf("%s: main has to begin with elevate.CutSearch()", s.fset.Position(f.Pos()))
			}
		}
	}
	if seen == 0 {
		t.Error("no program was found")
	}
}

// calls reports whether a statement is a call of a function of a package.
func calls(stmt ast.Stmt, pkg, name string) bool {
	e, ok := stmt.(*ast.ExprStmt)
	if !ok {
		return false
	}
	call, ok := e.X.(*ast.CallExpr)
	if !ok {
		return false
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	x, ok := f.X.(*ast.Ident)
	return ok && x.Name == pkg && f.Sel.Name == name
}

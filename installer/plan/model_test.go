package plan

import (
	"reflect"
	"testing"
)

// TestIsZeroKnowsEveryField fails when Installed gets a field that IsZero does
// not look at: what is known of a component would then count as nothing.
func TestIsZeroKnowsEveryField(t *testing.T) {
	if !(Installed{}).IsZero() {
		t.Error("the zero value is not zero")
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Installed]()) {
		var in Installed
		field := reflect.ValueOf(&in).Elem().FieldByIndex(f.Index)
		switch f.Type.Kind() {
		case reflect.String:
			field.SetString("x")
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Slice:
			field.Set(reflect.MakeSlice(f.Type, 1, 1))
		case reflect.Pointer:
			field.Set(reflect.New(f.Type.Elem()))
		default:
			t.Fatalf("%s is of kind %v: say here how it is set", f.Name, f.Type.Kind())
		}
		if in.IsZero() {
			t.Errorf("IsZero does not look at %s", f.Name)
		}
	}
}
